"""Requests to a daemon that may be killed at any moment: each is made again until it is answered."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any

import urllib3

PATIENCE_S = 60.0


class Door:
    """The API as one client sees it."""

    def __init__(self, url: str, key: str) -> None:
        self.url = url
        self._http = urllib3.PoolManager(retries=False, timeout=urllib3.Timeout(30.0))
        self._headers = {"Authorization": f"Bearer {key}"}
        self.again = 0  # requests that were made again

    def ask(
        self,
        method: str,
        path: str,
        body: bytes | Mapping[str, Any] | None = None,
        fine: tuple[int, ...] = (),
    ) -> urllib3.BaseHTTPResponse:
        """The answer; a status above 399 that is not `fine` ends the soak."""
        kind = "application/octet-stream" if isinstance(body, bytes) else "application/json"
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                answer = self._http.request(
                    method,
                    f"{self.url}/api/v1{path}",
                    body=data,
                    headers=self._headers | {"Content-Type": kind},
                )
                if answer.status != 503:
                    break
            except urllib3.exceptions.HTTPError:
                pass
            if time.monotonic() > deadline:
                raise TimeoutError(f"{method} {path} was not answered for {PATIENCE_S:.0f} s")
            self.again += 1
            time.sleep(0.05)
        if answer.status >= 400 and answer.status not in fine:
            raise AssertionError(f"{method} {path}: {answer.status} {answer.data[:500]!r}")
        return answer
