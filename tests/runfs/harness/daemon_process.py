"""A daemon as a user starts it, on ports that the system chooses."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import urllib3

START_LIMIT_S = 30.0


@dataclass
class Served:
    """A daemon that runs: where it answers, and what it wrote to its log."""

    data: Path
    log: Path
    process: subprocess.Popen[bytes]
    http: str
    nfs: str

    def ask(self, method: str, path: str, document: Mapping[str, Any] | None = None) -> Any:
        """A request with the first key, and its JSON answer; fails for a status of 400 and above."""
        key = (self.data / "key").read_text().strip()
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        body = None if document is None else json.dumps(document)
        answer = urllib3.request(method, f"{self.http}{path}", body=body, headers=headers, retries=False)
        assert answer.status < 400, answer.data
        return json.loads(answer.data) if answer.data else None

    def stop(self) -> int:
        """Tell it to stop, and give its exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=START_LIMIT_S)


def start(data: Path, *flags: str, program: Sequence[str] = ("-m", "runfs")) -> Served:
    """Start a daemon and wait until it serves. `program` is what Python runs."""
    log = data.with_suffix(".log")
    argv = [sys.executable, *program, "serve", "--data", str(data), "--http", "127.0.0.1:0"]
    argv += ["--nfs", "127.0.0.1:0", "--portmap", "off", *flags]
    with log.open("ab") as output:
        process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
    deadline = time.monotonic() + START_LIMIT_S
    while True:
        try:
            told = json.loads((data / "serving.json").read_text())
            if told["pid"] == process.pid:
                return Served(data, log, process, told["http"], told["nfs"])
        except (OSError, ValueError):
            pass
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.02)
