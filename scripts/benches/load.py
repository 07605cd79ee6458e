"""The load client and its companions in C: built once a bench, driven line by line."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from benches import machine
from benches.daemons import BenchError

SOURCES = Path(__file__).parent / "c"
PROGRAMS = {"load": ["load.c", "net.c", "tree.c", "probe.c"], "phys": ["phys.c"], "pattern": ["pattern.c"]}
FLAGS = ["-O2", "-Wall", "-Wextra", "-Werror", "-std=gnu11", "-D_GNU_SOURCE"]


def build(folder: Path) -> None:
    """Compiles load, phys and pattern into `folder` with gcc."""
    for program, sources in PROGRAMS.items():
        argv = ["gcc", *FLAGS, "-o", str(folder / program), *(str(SOURCES / source) for source in sources)]
        try:
            built = subprocess.run(argv, capture_output=True, text=True, check=False)
        except FileNotFoundError:
            raise BenchError("gcc is not installed (Debian: apt-get install gcc libc6-dev)") from None
        if built.returncode:
            raise BenchError(f"gcc could not build {program}:\n{built.stderr}")


@dataclass(frozen=True, slots=True)
class Flow:
    """What one command of the load client saw. `amount` is bytes read or objects seen, as c/load.c has it."""

    amount: int
    calls: int
    seconds: float
    p50_us: float
    p99_us: float
    cpu_us: float  # of the server, per call

    @property
    def rate(self) -> float:
        """Calls per second."""
        return self.calls / self.seconds if self.seconds else 0.0

    @property
    def mib_s(self) -> float:
        """Data read, in MiB per second."""
        return self.amount / self.seconds / (1 << 20) if self.seconds else 0.0


class Load:
    """A load client connected to one server. BenchError as soon as a reply is wrong."""

    def __init__(self, programs: Path, port: int, mount_port: int, export: str | None, pid: int) -> None:
        self.server_pid = pid
        argv = [str(programs / "load"), "127.0.0.1", str(port), str(mount_port), export or "-", str(pid)]
        self._client = subprocess.Popen(
            argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def say(self, command: str, **options: str | int | float) -> Flow:
        """One command of c/load.c, with its options, and what came of it."""
        words = " ".join([command, *(f"{key}={value}" for key, value in options.items())])
        assert self._client.stdin
        assert self._client.stdout
        assert self._client.stderr
        with contextlib.suppress(BrokenPipeError):  # what it says before it ends is read below
            print(words, file=self._client.stdin, flush=True)
        line = self._client.stdout.readline()
        if not line:
            raise BenchError(f"{words}: {self._client.stderr.read().strip()}")
        return Flow(**json.loads(line))

    def share_one_processor(self, shared: bool) -> None:
        """Puts server and client on one processor (the shortest way for one call), or sets both free."""
        processors = frozenset({max(machine.ALL_PROCESSORS)}) if shared else machine.ALL_PROCESSORS
        machine.pin(self.server_pid, processors)
        os.sched_setaffinity(self._client.pid, processors)

    def close(self) -> None:
        """Ends the client."""
        self._client.kill()
        self._client.communicate()

    def __enter__(self) -> Load:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
