"""What is mounted on this machine, from its mount table: a mount whose server is gone does not answer."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

TABLE = Path("/proc/self/mounts")  # Linux; elsewhere mount(8) prints what there is
STAT_LIMIT_S = 3.0


@dataclass(frozen=True, slots=True)
class Mounted:
    """One mount: what (`localhost:/`), where, and of which type."""

    source: str
    folder: Path
    type: str


def mounts() -> list[Mounted]:
    """All mounts, in the order in which they were made."""
    if TABLE.exists():
        return from_table(TABLE.read_text(encoding="utf-8").splitlines())
    done = subprocess.run(["mount"], capture_output=True, text=True, check=False)
    return from_listing(done.stdout.splitlines())


def from_table(lines: Iterable[str]) -> list[Mounted]:
    """Of Linux' table, where blanks and backslashes in names are octal escapes."""
    found = []
    for line in lines:
        source, folder, kind = (_unescaped(word) for word in line.split(" ")[:3])
        found.append(Mounted(source, Path(folder), kind))
    return found


def from_listing(lines: Iterable[str]) -> list[Mounted]:
    """Of what mount(8) prints on macOS: `localhost:/ on /mnt (nfs, nodev)`."""
    matches = (re.fullmatch(r"(.+?) on (.+) \((\w+).*\)", line) for line in lines)
    return [Mounted(match[1], Path(match[2]), match[3]) for match in matches if match]


def mounted_on(folder: Path) -> Mounted | None:
    """What is mounted on the folder; the last of several, which hides the others."""
    return next((mounted for mounted in reversed(mounts()) if mounted.folder == folder), None)


def is_stale(mounted: Mounted) -> bool:
    """Whether an NFS mount does not answer: its daemon is gone, or is another one now."""
    if mounted.type not in ("nfs", "nfs4"):
        return False
    try:
        done = subprocess.run(["stat", "-f", str(mounted.folder)], capture_output=True, timeout=STAT_LIMIT_S)
    except subprocess.TimeoutExpired:
        return True
    return done.returncode != 0


def _unescaped(word: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), word)
