"""Where the running daemon answers, left in its data folder: `runfs ls` and the like find it there.

The file appears when everything listens and goes when the daemon ends.
"""

from __future__ import annotations

import contextlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from runfs import folder

FILE = "serving.json"


@dataclass(frozen=True, slots=True)
class Serving:
    """The addresses of a daemon: `http` is a URL, `nfs` and `portmap` are HOST:PORT; None: no portmapper."""

    http: str
    nfs: str
    portmap: str | None
    pid: int

    def write(self, data: Path) -> None:
        """Put the file into the data folder, whole or not at all."""
        temporary = data / (FILE + ".new")
        temporary.write_text(json.dumps(asdict(self), indent=1) + "\n", encoding="utf-8")
        temporary.replace(data / FILE)


def read(data: Path) -> Serving | None:
    """The daemon that serves `data`; None when none runs, whatever one that died left behind."""
    try:
        found = Serving(**json.loads((data / FILE).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
    return found if folder.is_locked(data) else None


def remove(data: Path) -> None:
    """Take the file away."""
    with contextlib.suppress(OSError):
        (data / FILE).unlink()
