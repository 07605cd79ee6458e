"""Clients that race: on the same few paths, with the collector and the deletion of projects among them.

Which of them wins is nobody's promise. That the store is whole afterwards is: each file has the bytes of its
hash, no row lacks its blob, nothing is left over.
"""

from __future__ import annotations

import asyncio
import hashlib
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from store.blobs import Expected, LocalBlobs
from store.catalog import Catalog, Transaction, entries, projects, runs
from store.catalog.rows import Run
from store.errors import StoreError
from store.uploads import Content, Uploads

PATHS = ("a", "d/b", "d")
CONTENTS = (b"", b"x", b"xy", b"longer")
CLIENTS = 6
STEP_KINDS = 11
STEPS = 40
ROUNDS_MAX = 20  # of races, until each kind of step has won at least once


class Race:
    """Some clients over one store, each doing something at random again and again."""

    def __init__(self, uploads: Uploads, seed: int) -> None:
        self.uploads = uploads
        self.random = random.Random(seed)
        self.runs: list[Run] = []
        self.asked: list[str] = []
        self.done: set[str] = set()

    async def go(self) -> None:
        for number in (0, 1):
            self.runs.append(await self.begin(number))
        for _ in range(ROUNDS_MAX):
            await asyncio.gather(*(self.client() for _ in range(CLIENTS)))
            if len(self.done) == STEP_KINDS:
                return
        raise AssertionError(f"only {sorted(self.done)} ever succeeded")

    async def begin(self, number: int) -> Run:
        async def work(tx: Transaction) -> Run:
            return await runs.create(tx, (await projects.ensure(tx, "team", f"p{number}")).id, "r")

        return await self.uploads.catalog.write(work)

    async def client(self) -> None:
        steps: list[Callable[[], Awaitable[object]]] = [
            *(self.put, self.ask, self.send, self.parts, self.register, self.abort),
            *(self.append, self.delete, self.restore, self.collect, self.delete_project),
        ]
        for _ in range(STEPS):
            step = self.random.choice(steps)
            try:
                await step()
                self.done.add(step.__name__)
            except StoreError:
                pass  # somebody was quicker

    async def chunks(self, content: bytes) -> AsyncIterator[bytes]:
        for byte in content:
            yield bytes([byte])
            if self.random.random() < 0.3:
                await asyncio.sleep(0)

    def content(self) -> AsyncIterator[bytes]:
        return self.chunks(self.random.choice(CONTENTS))

    def somewhere(self) -> tuple[int, str]:
        return self.random.choice(self.runs).fileset_id, self.random.choice(PATHS)

    async def entry(self) -> entries.Listed:
        listed = await entries.by_path(self.uploads.catalog.direct, *self.somewhere())
        if listed is None or listed.version is None:
            raise StoreError("nothing there")
        return listed

    async def put(self) -> None:
        await self.uploads.put(*self.somewhere(), self.content())

    async def ask(self) -> None:
        content = self.random.choice(CONTENTS)
        known = Expected(len(content), hashlib.sha256(content).digest())
        expected = self.random.choice((known, Expected()))
        self.asked.append((await self.uploads.request(*self.somewhere(), expected, reads=None)).id)

    async def send(self) -> None:
        await self.uploads.receive(self.upload(), None, self.content())

    async def parts(self) -> None:
        upload = await self.uploads.request(*self.somewhere(), Expected(5), reads=None, part_size=3)
        self.asked.append(upload.id)
        sent = [(1, b"abc"), (2, b"de"), (1, b"abc")]  # the first one twice, as after a lost connection
        attempts = (self.uploads.receive(upload.id, number, self.chunks(part)) for number, part in sent)
        await asyncio.gather(*attempts, return_exceptions=True)

    async def register(self) -> None:
        await self.uploads.register(self.upload())

    async def abort(self) -> None:
        await self.uploads.abort(self.upload())

    def upload(self) -> str:
        if not self.asked:
            raise StoreError("nothing asked for")
        return self.random.choice(self.asked)

    async def append(self) -> None:
        listed = await self.entry()
        assert listed.version is not None
        await self.uploads.append(listed.entry.id, listed.version.size, self.content())

    async def delete(self) -> None:
        await self.uploads.delete([(await self.entry()).entry.id])

    async def restore(self) -> None:
        listed = await self.entry()
        assert listed.version is not None
        await self.uploads.restore(listed.entry.id, max(1, listed.version.number - 1))

    async def collect(self) -> None:
        await self.uploads.collect(now=self.random.random() < 0.7, alone=True)

    async def delete_project(self) -> None:
        number = self.random.randrange(2)
        if self.random.random() < 0.15:
            project_id = self.runs[number].project_id
            await self.uploads.catalog.write(lambda tx: projects.delete(tx, project_id))
            self.runs[number] = await self.begin(number)


@pytest.mark.parametrize("seed", range(4))
async def test_the_store_is_whole_after_any_race(tmp_path: Path, seed: int) -> None:
    catalog = await Catalog.open(tmp_path / "catalog", poll_s=None)
    blobs = LocalBlobs(tmp_path / "blobs")
    uploads = Uploads(catalog, blobs, grace_s=0, versions_kept=2)
    race = Race(uploads, seed)
    async with AsyncExitStack() as closing:
        closing.push_async_callback(blobs.close)
        closing.push_async_callback(catalog.close)
        await race.go()
        await check(race, catalog, blobs)


async def check(race: Race, catalog: Catalog, blobs: LocalBlobs) -> None:
    """Nothing is missing, nothing left over, and each file has the bytes of its hash."""
    uploads = race.uploads
    assert [finding for finding in await uploads.fsck(deep=True) if finding.kind != "orphan"] == []
    await uploads.collect(now=True, alone=True)
    assert await uploads.fsck(deep=True) == []
    content = Content(catalog.direct, blobs)
    for run in race.runs:
        for listed in await entries.every(catalog.direct, "WHERE entries.fileset_id = ?", run.fileset_id):
            if listed.version is not None:
                data = bytes(await content.read(listed.version.id, 0, 1000))
                assert len(data) == listed.version.size
                assert hashlib.sha256(data).digest() == listed.version.sha256  # merged, so it is known
