"""The daemon as a user starts it, in the guest's network, and a plain client of its HTTP API."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import urllib3
from kernel_client import Machine, die_with_parent

START_LIMIT_S = 30.0
ROOT = Path(__file__).resolve().parents[3]
RUNFS = f"env PYTHONPATH={ROOT} {sys.executable} -m runfs"
"""The command, for a guest's shell."""


class Daemon:
    """`runfs serve` with its default addresses: ports 2049, 8080 and 111 in the guest's network."""

    def __init__(self, machine: Machine, data: Path, *flags: str) -> None:
        self.machine = machine
        self.data = data
        self.flags = flags
        self.log = data.with_suffix(".log")
        self._process: subprocess.Popen[bytes] | None = None
        self._pool = urllib3.HTTPConnectionPool("127.0.0.1", 8080, timeout=60.0, retries=False)

    def start(self) -> None:
        """Start it, and wait until it serves."""
        argv = [sys.executable, "-m", "runfs", "serve", "--data", str(self.data), *self.flags]
        with self.machine.network(), self.log.open("ab") as log:
            self._process = subprocess.Popen(
                argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=ROOT, preexec_fn=die_with_parent
            )
        deadline = time.monotonic() + START_LIMIT_S
        while not self.serving():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("the daemon did not start:\n" + self.log.read_text())
            time.sleep(0.02)

    def serving(self) -> Mapping[str, Any] | None:
        """Where it says that it answers, once it does."""
        try:
            found: dict[str, Any] = json.loads((self.data / "serving.json").read_text())
        except (OSError, ValueError):
            return None
        assert self._process is not None
        return found if found["pid"] == self._process.pid else None

    def kill(self) -> None:
        """End it as a crash would."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def signal(self, number: int) -> None:
        """Send it a signal."""
        assert self._process is not None
        os.kill(self._process.pid, number)

    def stop(self) -> int:
        """End it as a user would, and give its exit status."""
        self.signal(signal.SIGTERM)
        assert self._process is not None
        return self._process.wait(timeout=START_LIMIT_S)

    def ask(self, method: str, path: str, document: Mapping[str, Any] | None = None) -> Any:
        """A request under /api/v1 and its JSON answer; fails for any status of 400 and above."""
        body = None if document is None else json.dumps(document).encode()
        answer = self._request(method, f"/api/v1{path}", body, {"Content-Type": "application/json"})
        return json.loads(answer) if answer else None

    def upload(self, run_id: str, path: str, content: bytes) -> Any:
        """A file in three steps; gives its document."""
        digest = hashlib.sha256(content).hexdigest()
        asked = {"path": path, "size": len(content), "sha256": digest}
        upload = self.ask("POST", f"/runs/{run_id}/files/upload-url", asked)
        for part in upload.get("parts") or []:
            piece = content[part["offset"] : part["offset"] + part["size"]]
            self._request("PUT", part["upload_url"], piece, part["headers"])
        if not upload.get("parts") and not upload["already_stored"]:
            self._request("PUT", upload["upload_url"], content, upload["headers"])
        return self.ask("POST", f"/runs/{run_id}/files", {"upload_id": upload["upload_id"]})

    def append(self, file_id: int, offset: int, more: bytes) -> Any:
        """Bytes at the end of a file, which is at `offset`."""
        tail = {"offset": offset, "bytes": base64.b64encode(more).decode()}
        return self.ask("POST", f"/runs/files/{file_id}:append", tail)

    def _request(self, method: str, url: str, body: bytes | None, headers: Mapping[str, str]) -> bytes:
        key = (self.data / "key").read_text().strip()
        target = url.partition("127.0.0.1:8080")[2] or url
        with self.machine.network():  # a new connection may be made
            answer = self._pool.request(
                method, target, body=body, headers={"Authorization": f"Bearer {key}", **headers}
            )
        assert answer.status < 400, f"{method} {target}: {answer.status} {answer.data[:500]!r}"
        return answer.data
