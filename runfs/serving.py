"""Where the running daemon answers, left in its data folder: `runfs ls` and the like find it there.

The file appears when everything listens and goes when the daemon ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from runfs import folder

log = logging.getLogger(__name__)

FILE = "serving.json"
RETRY_S = 1.0  # between tries to write the file to a disk that is full


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


@contextlib.contextmanager
def announced(data: Path, serving: Serving) -> Iterator[None]:
    """Inside the block the file is there: at once, or as soon as the disk takes it."""
    later = None
    try:
        serving.write(data)
    except OSError as error:
        log.warning("commands do not find this daemon until %s can be written: %s", FILE, error.strerror)
        later = asyncio.create_task(_write_later(data, serving), name="serving.json")
    try:
        yield
    finally:
        if later is not None:
            later.cancel()
        with contextlib.suppress(OSError):
            (data / FILE).unlink()


async def _write_later(data: Path, serving: Serving) -> None:
    while True:
        await asyncio.sleep(RETRY_S)
        with contextlib.suppress(OSError):
            serving.write(data)
            return
