"""What writers know and readers must not contradict: for each file the number of its last acknowledged write.

It is shared memory between processes: a writer is the only one to write a file's places, and whoever reads
takes what is there before it looks the file up.
"""

from __future__ import annotations

from ctypes import c_int64
from multiprocessing.context import BaseContext
from typing import Any, NamedTuple

PLAIN, GROWING, SHARED = 5, 2, 3  # files of each kind that a writer has
FILES = PLAIN + GROWING + SHARED
SIZES = (64, 65, 1000, 4096, 16384, 16385, 70_000, 300_000, 1_048_576, 1_048_583, 3_000_000)
POOL = 6  # contents that all shared files are made of


class File(NamedTuple):
    """A file of the soak: where it is, and its place on the board."""

    run: str
    path: str
    kind: str
    place: int


def files_of(writer: int) -> list[File]:
    """All files that a writer may ever have; some are alone in their directory, which comes and goes."""
    run, first = f"w{writer}", writer * FILES
    paths = [("plain", f"plain/p{number}") for number in range(PLAIN - 1)] + [("plain", "deep/er/p")]
    paths += [("growing", f"logs/g{number}.log") for number in range(GROWING)]
    paths += [("shared", f"shared/s{number}") for number in range(SHARED)]
    return [File(run, path, kind, first + place) for place, (kind, path) in enumerate(paths)]


class Board:
    """Two numbers a file: the last acknowledged write, and whether the file may be away."""

    def __init__(self, context: BaseContext, writers: int) -> None:
        self._acknowledged: Any = context.Array(c_int64, writers * FILES, lock=False)
        self._away: Any = context.Array(c_int64, [1] * (writers * FILES), lock=False)

    def see(self, file: File) -> tuple[int, bool]:
        """The number of the last acknowledged write, and whether the file may be away now."""
        return self._acknowledged[file.place], bool(self._away[file.place])

    def acknowledge(self, file: File, number: int, away: bool = False) -> None:
        """A write was answered; `away` when it was a deletion."""
        self._acknowledged[file.place] = number
        self._away[file.place] = away

    def deleting(self, file: File) -> None:
        """A deletion begins: from now on nobody may rely on the file."""
        self._away[file.place] = True
