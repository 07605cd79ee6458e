"""A reader: over NFS, it verifies every byte against what the bytes say of themselves, and against the board.

Like a hard mount it asks again while the daemon is away, with the handles that it has.
"""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections.abc import Awaitable, Callable
from typing import NamedTuple, TypeVar

from nfsd.client import Client, NfsError
from nfsd.client.client import Entry
from nfsd.nfs3 import types as nfs3
from nfsd.nfs3.types import nfs_fh3, nfsstat3
from nfsd.rpc.client import CallFailed
from soaking.board import Board, File
from soaking.content import records

OPEN = 12  # handles that a reader keeps
OPEN_GRACES = (
    3  # how long it keeps one that stays good: by then most have lost their file, and its grace is over
)
PATIENCE_S = 60.0
T = TypeVar("T")


class Wrong(Exception):
    """A promise that was not kept."""


class Kept(NamedTuple):
    """An open handle, and what it gave when it was opened; `at_s` is before its name was looked up."""

    file: File
    entry: Entry
    data: bytes
    at_s: float


class Reader:
    """One mount."""

    def __init__(self, number: int, seed: int, board: Board, files: list[File], port: int, grace_s: float):
        self.board = board
        self.files = files
        self.port = port
        self.grace_s = grace_s
        self.random = random.Random(f"{seed} reader {number}")
        self.client: Client | None = None
        self.root: bytes | None = None
        self.kept: list[Kept] = []
        self.counts = {"files": 0, "bytes": 0, "absent": 0, "again": 0, "stale": 0, "listings": 0}

    async def work(self, until: Callable[[], bool]) -> None:
        """Read until told to stop. Raises Wrong, Torn or NfsError."""
        while not until():
            chance = self.random.random()
            if chance < 0.6:
                await self.read_by_name(self.random.choice(self.files))
            elif chance < 0.85 and self.kept:
                await self.read_on(self.random.choice(self.kept))
            elif chance < 0.95:
                await self.list_one(self.random.choice(self.files))
            else:
                await self.metadata(self.random.choice(self.files).run)
            await asyncio.sleep(self.random.random() * 0.005)
        if self.client is not None:
            self.client.close()

    async def hard(self, call: Callable[[Client], Awaitable[T]]) -> T:
        """A call, made again until it is answered."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                if self.client is None:
                    self.client = await Client.mount("127.0.0.1", self.port)
                    if self.root not in (None, self.client.root):
                        raise Wrong("the root has another handle than before")
                    self.root = self.client.root
                return await call(self.client)
            except NfsError as error:
                if error.status is not nfsstat3.NFS3ERR_JUKEBOX or time.monotonic() > deadline:
                    raise
            except (OSError, CallFailed) as error:
                if self.client is not None:
                    self.client.close()
                self.client = None
                if time.monotonic() > deadline:
                    raise Wrong(f"no answer for {PATIENCE_S:.0f} s") from error
            self.counts["again"] += 1
            await asyncio.sleep(0.05)

    async def open(self, file: File) -> Entry | None:
        """The file behind its name, None where there is none."""
        try:
            return await self.hard(lambda client: client.walk(f"runs/{file.run}/files/{file.path}"))
        except NfsError as error:
            if error.status is nfsstat3.NFS3ERR_NOENT:
                return None
            if error.status is nfsstat3.NFS3ERR_STALE:  # its directory went between two steps of the walk
                return None
            raise

    async def read(self, handle: bytes, offset: int, count: int) -> tuple[bytes, bool]:
        """One READ."""
        found = await self.hard(
            lambda client: client.call(6, nfs3.READ3args(nfs_fh3(handle), offset, count), nfs3.READ3res)
        )
        if found.count != len(found.data):
            raise Wrong(f"READ counts {found.count} bytes and gives {len(found.data)}")
        return bytes(found.data), found.eof

    async def read_by_name(self, file: File) -> None:
        """Open by name and read all: one whole version, not older than what was acknowledged before."""
        number, away = self.board.see(file)
        at_s = time.monotonic()
        entry = await self.open(file)
        if entry is None:
            later, away_later = self.board.see(file)
            if not away and not away_later and later == number:
                raise Wrong(f"{file.run}/{file.path}: write {number} was acknowledged, and it is not there")
            self.counts["absent"] += 1
            return
        parts, eof = [], False
        size = 0
        step = self.random.choice((4096, 65_536, 1 << 20))
        while not eof:
            try:
                data, eof = await self.read(entry.handle, size, step)
            except NfsError as error:
                self.stale(error, file, at_s)
                return
            if not data and not eof:
                raise Wrong(f"{file.run}/{file.path}: READ at {size} gives nothing, and no end")
            parts.append(data)
            size += len(data)
        data = b"".join(parts)
        if len(data) < entry.attributes.size or (
            file.kind != "growing" and len(data) != entry.attributes.size
        ):
            raise Wrong(
                f"{file.run}/{file.path}: {entry.attributes.size} bytes by its size, {len(data)} read"
            )
        self.check(file, data, number)
        self.counts["files"] += 1
        self.counts["bytes"] += len(data)
        if len(self.kept) < OPEN:
            self.kept.append(Kept(file, entry, data, at_s))

    def check(self, file: File, data: bytes, number: int) -> None:
        """Whole records of this file, in order, the last not older than `number`."""
        found = records(data)
        label = "shared" if file.kind == "shared" else f"{file.run}/{file.path}"
        if not found or any(one[0] != label for one in found) or (file.kind != "growing" and len(found) > 1):
            raise Wrong(f"{file.run}/{file.path} holds {found}")
        numbers = [one[1] for one in found]
        if file.kind != "shared" and (sorted(set(numbers)) != numbers or numbers[-1] < number):
            raise Wrong(f"{file.run}/{file.path} holds {numbers}, and {number} was acknowledged before")

    async def read_on(self, kept: Kept) -> None:
        """Read somewhere in a file that was opened before: the same bytes, until its grace is over."""
        offset = self.random.randrange(len(kept.data))
        count = self.random.choice((1, 4096, 100_000))
        try:
            data, _ = await self.read(kept.entry.handle, offset, count)
        except NfsError as error:
            self.stale(error, kept.file, kept.at_s)
            self.kept.remove(kept)
            return
        wanted = kept.data[offset : offset + count]
        if data[: len(wanted)] != wanted or (kept.file.kind != "growing" and len(data) != len(wanted)):
            raise Wrong(f"{kept.file.run}/{kept.file.path}, open, has other bytes at {offset} than before")
        if time.monotonic() - kept.at_s > OPEN_GRACES * self.grace_s:
            self.kept.remove(kept)

    def stale(self, error: NfsError, file: File, at_s: float) -> None:
        """A handle that was looked up after `at_s` cannot be read: it may be stale once its grace is over."""
        if error.status is not nfsstat3.NFS3ERR_STALE:
            raise error
        if time.monotonic() - at_s < self.grace_s:
            raise Wrong(f"{file.run}/{file.path} is stale before its grace is over") from None
        self.counts["stale"] += 1

    async def list_one(self, file: File) -> None:
        """List a directory: each name once, none that nobody wrote."""
        above = file.path.rpartition("/")[0]
        expected = {other.path for other in self.files if other.run == file.run}
        try:
            found = await self.hard(lambda client: self._listed(client, f"runs/{file.run}/files/{above}"))
        except NfsError as error:
            if error.status in (nfsstat3.NFS3ERR_NOENT, nfsstat3.NFS3ERR_STALE):
                return
            raise
        names = [f"{above}/{name}" for name in found]
        if len(set(names)) != len(names) or not set(names) <= expected | {"deep/er"}:
            raise Wrong(f"{file.run}/files/{above} lists {names}")
        self.counts["listings"] += 1

    async def _listed(self, client: Client, path: str) -> list[str]:
        return [entry.name async for entry in client.list(await client.walk(path))]

    async def metadata(self, run: str) -> None:
        """metadata.json is whole at every moment."""

        async def ask(client: Client) -> bytes:
            entry = await client.walk(f"runs/{run}/metadata.json")
            return b"".join([part async for part in client.read(entry)])

        try:
            data = await self.hard(ask)
        except NfsError as error:
            if error.status is nfsstat3.NFS3ERR_NOENT:
                return
            raise
        if json.loads(data)["id"] != run:
            raise Wrong(f"metadata.json of {run} is {data!r}")
