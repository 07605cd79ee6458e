"""What must outlive the daemon for locks to be had again: who monitors whom, and how often we have started.

One small JSON file, replaced as a whole: written beside it, fsynced, renamed, the folder fsynced. The state
number is odd while we run and larger after every start (X/Open NFS chapter 11).
"""

import asyncio
import json
import logging
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

log = logging.getLogger(__name__)

MONITORS_MAX = 1024
CLIENTS_MAX = 4096


@dataclass(frozen=True, slots=True)
class Monitor:
    """A program that wants to be called when `name` has restarted."""

    client: str
    """The address that it asked from, where it is called back."""
    name: str
    program: int
    version: int
    procedure: int
    priv: str
    """16 bytes in hexadecimal that are handed back."""


@dataclass(frozen=True, slots=True)
class Client:
    """A host that holds locks of ours, or held some."""

    address: str
    name: str


class Monitored:
    """The file's content, and the file."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._writing = asyncio.Lock()
        self.state = 1
        self.monitors: dict[Monitor, None] = {}
        self.clients: dict[Client, None] = {}
        self._written: frozenset[Client | Monitor] = frozenset()
        """Who is in the file, as far as we know."""
        self.callbacks: list[tuple[str, int, int, int, int]] = []
        """Where programs of clients on this machine listen: address, program, version, protocol, port."""

    def load(self) -> None:
        """Read what an earlier daemon left, if anything, and count this start."""
        try:
            found = json.loads(self._file.read_text(encoding="utf-8"))
            self.state = int(found["state"]) + 2
            self.monitors = dict.fromkeys(Monitor(**each) for each in found["monitors"])
            self.clients = dict.fromkeys(Client(**each) for each in found["clients"])
            self.callbacks = [(str(each[0]), *map(int, each[1:])) for each in found["callbacks"]]  # type: ignore[misc]
        except FileNotFoundError:
            return
        except (ValueError, KeyError, TypeError) as error:
            log.warning("%s is not readable, locks held before cannot be had again: %s", self._file, error)

    async def save(self) -> None:
        """Write everything; it has reached the disk when this returns. OSError if it cannot."""
        async with self._writing:
            content: dict[str, Any] = {
                "state": self.state,
                "monitors": [asdict(each) for each in self.monitors],
                "clients": [asdict(each) for each in self.clients],
                "callbacks": self.callbacks,
            }
            written = frozenset(self.clients) | frozenset(self.monitors)
            await asyncio.to_thread(_replace, self._file, json.dumps(content, indent=1) + "\n")
            self._written = written

    async def watch(self, client: Client) -> None:
        """Remember a client that is to be told when we restart; it is on disk when this returns."""
        if client in self._written:
            return
        while len(self.clients) >= CLIENTS_MAX:
            del self.clients[next(iter(self.clients))]
        self.clients[client] = None
        await self.save()

    async def keep(self, clients: set[Client], and_earlier: bool) -> None:
        """Remember these clients and no others, unless earlier ones are to stay."""
        self.clients = dict.fromkeys(clients) | (self.clients if and_earlier else {})
        await self.save()

    async def monitor(self, monitor: Monitor) -> bool:
        """Remember a program that wants to be called; it is on disk when this returns. False if there are
        too many."""
        if monitor not in self.monitors:
            if len(self.monitors) >= MONITORS_MAX:
                return False
            self.monitors[monitor] = None
        if monitor not in self._written:
            await self.save()
        return True

    async def unmonitor(self, gone: list[Monitor]) -> None:
        """Forget programs."""
        for monitor in gone:
            del self.monitors[monitor]
        if gone:
            await self.save()


def _replace(file: Path, text: str) -> None:
    new = file.with_name(file.name + ".new")
    with new.open("w", encoding="utf-8") as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())
    new.replace(file)
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
