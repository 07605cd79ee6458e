"""The daemon of a soak: started on ports that stay its own, killed, started again, measured, checked."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

START_LIMIT_S = 30.0


class Daemon:
    """`runfs serve` over a data folder."""

    def __init__(self, data: Path, grace_s: float) -> None:
        self.data = data
        self.grace_s = grace_s
        self.http, self.nfs = "127.0.0.1:0", "127.0.0.1:0"
        self.slowest_start_s = 0.0
        self.starts = 0
        self.collected: Counter[str] = Counter()
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it serves; from the second time on at the addresses of the first."""
        begun = time.monotonic()
        flags = ["--http", self.http, "--nfs", self.nfs, "--portmap", "off", "--grace", str(self.grace_s)]
        argv = [sys.executable, "-m", "runfs", "serve", "--data", str(self.data), *flags]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        while True:
            try:
                told = json.loads((self.data / "serving.json").read_text())
            except (OSError, ValueError):
                told = {}
            if told.get("pid") == self._process.pid:
                break
            if self._process.poll() is not None or time.monotonic() - begun > START_LIMIT_S:
                raise AssertionError(f"the daemon does not start: {self.log.read_text()[-2000:]}")
            time.sleep(0.02)
        self.http, self.nfs = told["http"].removeprefix("http://"), told["nfs"]
        self.starts += 1
        self.slowest_start_s = max(self.slowest_start_s, time.monotonic() - begun)

    @property
    def log(self) -> Path:
        """Where it writes what it has to say."""
        return self.data.with_suffix(".log")

    @property
    def key(self) -> str:
        """The first key."""
        return (self.data / "key").read_text().strip()

    @property
    def running(self) -> subprocess.Popen[bytes]:
        """Its process."""
        assert self._process is not None
        return self._process

    def end(self, number: int = signal.SIGTERM) -> int:
        """Stop or kill it; gives its exit status."""
        self.running.send_signal(number)
        return self.running.wait(START_LIMIT_S)

    def memory_kib(self) -> int:
        """What it holds of its own, in KiB."""
        found = re.search(r"RssAnon:\s+(\d+)", Path(f"/proc/{self.running.pid}/status").read_text())
        assert found is not None
        return int(found[1])

    def descriptors(self) -> int:
        """How many files and sockets it has open."""
        return len(os.listdir(f"/proc/{self.running.pid}/fd"))  # noqa: PTH208

    def collect(self) -> None:
        """Have it collect what is past its grace, and count what went."""
        for name, count in re.findall(r"(versions collected|blobs freed): (\d+)", self.command("gc")):
            self.collected[name.replace(" ", "_")] += int(count)

    def command(self, *arguments: str) -> str:
        """What `runfs COMMAND --data ...` prints; it must succeed."""
        argv = [sys.executable, "-m", "runfs", *arguments, "--data", str(self.data)]
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)
        if done.returncode != 0:
            raise AssertionError(f"runfs {' '.join(arguments)}: {done.stdout}{done.stderr}")
        return done.stdout
