"""Asking the daemon of a data folder over HTTP, with the key of its account."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from runfs.errors import CommandError
from runfs.folder import KEY_FILE
from runfs.serving import Serving

PATIENCE_S = 30.0


def post(
    data: Path,
    daemon: Serving,
    path: str,
    document: Mapping[str, Any] | None = None,
    patience_s: float | None = PATIENCE_S,
) -> Any:
    """The JSON answer of a path below /api/v1; with None it is waited for as long as the daemon works on it.

    Raises CommandError for any other answer than success.
    """
    import urllib3  # slow to import, and most commands ask nobody

    try:
        key = (data / KEY_FILE).read_text(encoding="ascii").strip()
        answer = urllib3.request(
            "POST",
            f"{daemon.http}/api/v1{path}",
            json=document or {},
            headers={"Authorization": f"Bearer {key}"},
            retries=False,
            timeout=patience_s,
        )
    except (OSError, urllib3.exceptions.HTTPError) as error:
        raise CommandError(f"the daemon of {data} cannot be asked: {error}", 1) from None
    if not 200 <= answer.status < 300:
        raise CommandError(f"the daemon refused: {_reason(answer.data) or f'status {answer.status}'}", 1)
    return answer.json()


def _reason(body: bytes) -> str | None:
    try:
        return str(json.loads(body)["detail"])
    except (ValueError, KeyError, TypeError):
        return None
