"""The machine that the figures are from, its processors, and what a server costs it."""

from __future__ import annotations

import os
import platform
import sys
from pathlib import Path

PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


def _first(path: str, key: str) -> str:
    """The value of the first "key: value" line of a file under /proc."""
    for line in Path(path).read_text().splitlines():
        name, _, value = line.partition(":")
        if name.strip() == key:
            return value.strip()
    return "?"


def description() -> dict[str, str | int]:
    """Processors, memory in MiB, kernel and Python: what a reader needs to judge a figure."""
    memory_mib = os.sysconf("SC_PHYS_PAGES") * PAGE_BYTES >> 20
    return {
        "processors": len(os.sched_getaffinity(0)),
        "model": _first("/proc/cpuinfo", "model name"),
        "memory_mib": memory_mib,
        "kernel": platform.release(),
        "python": sys.version.split()[0],
    }


def sentence(machine: dict[str, str | int]) -> str:
    """The description in one line, for above a table."""
    return (
        f"{machine['processors']} processors ({machine['model']}), "
        f"{int(machine['memory_mib']) / 1024:.0f} GiB, Linux {machine['kernel']}, Python {machine['python']}"
    )


ALL_PROCESSORS = frozenset(os.sched_getaffinity(0))


def pin(pid: int, processors: frozenset[int]) -> None:
    """Lets every thread of a process run on these processors only; threads made later inherit it."""
    for thread in Path(f"/proc/{pid}/task").iterdir():
        try:
            os.sched_setaffinity(int(thread.name), processors)
        except ProcessLookupError:
            continue  # ended since the folder was read


def memory_mib(pid: int, without: Path | None = None) -> float:
    """Resident memory of a process; pages of files below `without` do not count.

    Mapped data files are the page cache. A server that reads them with `read` uses it as much, uncharged.
    """
    resident_kib, counted = 0, True
    for line in Path(f"/proc/{pid}/smaps").read_text().splitlines():
        name, _, rest = line.partition(":")
        if (
            "-" in name and " " in name
        ):  # a mapping's first line: range, permissions, offset, device, inode, path
            path = line.split(maxsplit=5)[5] if len(line.split(maxsplit=5)) == 6 else ""
            counted = without is None or not path.startswith(f"{without}/")
        elif name == "Rss" and counted:
            resident_kib += int(rest.split()[0])
    return resident_kib / 1024


def peak_memory_mib(pid: int) -> float:
    """The most that was ever resident, mapped files included."""
    return int(_first(f"/proc/{pid}/status", "VmHWM").split()[0]) / 1024


def processor_seconds(pid: int) -> float:
    """Processor time that a process has used so far, in the kernel and outside, all threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
