"""Servers that a bench starts, waits for, looks at and stops."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType

from benches import machine

READY_S = 60.0
STOP_S = 15.0
LOG_TAIL_BYTES = 2000
SETTLE_LIMIT_S = 10.0
SETTLE_STEP_S = 0.2
IDLE_SHARE = 0.1  # of a processor


class BenchError(Exception):
    """The bench cannot go on; the message says why and what to do."""


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listens on now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def accepts(port: int) -> bool:
    """Whether something listens on this port of 127.0.0.1."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


class Daemon:
    """One server process with its own log, stopped when the block ends."""

    def __init__(
        self, name: str, argv: list[str], folder: Path, environment: Mapping[str, str] | None = None
    ) -> None:
        self.name = name
        self.argv = argv
        self.log = folder / f"{name}.log"
        self.environment = {**os.environ, **(environment or {})}
        # Compiled once and not at each start, as for whoever did not forbid it.
        self.environment.pop("PYTHONDONTWRITEBYTECODE", None)
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The running process."""
        if self.process is None:
            raise BenchError(f"{self.name} is not running")
        return self.process.pid

    def start(self, ready: Callable[[], bool]) -> float:
        """Starts it and waits until `ready`: the seconds that took. BenchError if it ends, or after 60 s."""
        with self.log.open("ab") as log:
            began = time.perf_counter()
            self.process = subprocess.Popen(
                self.argv,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self.environment,
                start_new_session=True,
            )
        while not ready():
            if self.process.poll() is not None:
                raise BenchError(
                    f"{self.name} ended with status {self.process.returncode}:\n{self.log_tail()}"
                )
            if time.perf_counter() - began > READY_S:
                self.stop()
                raise BenchError(f"{self.name} was not ready after {READY_S:.0f} s:\n{self.log_tail()}")
            time.sleep(0.002)
        return time.perf_counter() - began

    def stop(self) -> None:
        """Asks it to end, and kills it if it does not, with whatever it started."""
        if self.process is None:
            return
        self.process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(STOP_S)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.process = None

    def settle(self) -> None:
        """Waits until it has nothing to do: what a server starts late is no part of what is measured next."""
        deadline = time.perf_counter() + SETTLE_LIMIT_S
        spent = machine.processor_seconds(self.pid)
        while time.perf_counter() < deadline:
            time.sleep(SETTLE_STEP_S)
            before, spent = spent, machine.processor_seconds(self.pid)
            if spent - before <= IDLE_SHARE * SETTLE_STEP_S:
                return

    def log_tail(self) -> str:
        """The end of what it printed."""
        return self.log.read_bytes()[-LOG_TAIL_BYTES:].decode(errors="replace")

    def memory_mib(self, without: Path | None = None) -> float:
        """Resident memory, without pages of files below `without`."""
        return machine.memory_mib(self.pid, without)

    def __enter__(self) -> Daemon:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
