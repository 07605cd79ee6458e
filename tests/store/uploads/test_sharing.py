"""Content that is here already, by its row, and whose bytes are not."""

from __future__ import annotations

import hashlib
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from store.blobs import Expected, LocalBlobs
from store.catalog import Catalog, projects, runs, versions
from store.catalog.topics import Topic
from store.uploads import Content, Uploads

DATA = b"the same content" * 2000


async def chunks() -> AsyncIterator[bytes]:
    yield DATA


class Store:
    """A catalog and blobs with one file, whose blob can be harmed."""

    async def open(self, folder: Path) -> None:
        self.catalog = await Catalog.open(folder / "catalog", poll_s=None)
        self.blobs = LocalBlobs(folder / "blobs")
        self.uploads = Uploads(self.catalog, self.blobs)
        project = await self.catalog.write(lambda tx: projects.ensure(tx, "a", "b"))
        self.fileset_id = (await self.catalog.write(lambda tx: runs.create(tx, project.id, "r"))).fileset_id
        self.first = (await self.uploads.put(self.fileset_id, "first", chunks())).version.id

    async def harm(self, harm: str) -> None:
        [extent] = await versions.extents(self.catalog.direct, self.first)
        path = self.blobs.path(extent.key)
        assert path is not None
        if harm == "deleted":
            path.unlink()
        else:
            os.truncate(path, 100)

    async def read(self, version_id: int) -> bytes:
        return bytes(await Content(self.catalog.direct, self.blobs).read(version_id, 0, len(DATA)))


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    made = Store()
    await made.open(tmp_path)
    yield made
    await made.blobs.close()
    await made.catalog.close()


@pytest.mark.parametrize("path", ["first", "second"])
@pytest.mark.parametrize("harm", ["deleted", "cut"])
async def test_a_save_that_is_answered_is_there_although_equal_content_was_lost(
    store: Store, harm: str, path: str
) -> None:
    await store.harm(harm)
    topics: list[int] = []
    store.catalog.follow(lambda changes: topics.extend(change.topic for change in changes))
    published = await store.uploads.put(store.fileset_id, path, chunks())
    assert await store.read(published.version.id) == DATA
    assert await store.read(store.first) == DATA  # healed with it
    assert Topic.EVERYTHING in topics  # the tree remembers where bytes are
    assert [finding.kind for finding in await store.uploads.fsck(deep=True) if finding.kind != "orphan"] == []


async def test_lost_content_is_asked_for(store: Store) -> None:
    expected = Expected(len(DATA), hashlib.sha256(DATA).digest())
    upload = await store.uploads.request(store.fileset_id, "second", expected, reads=None)
    assert upload.state == "stored"
    await store.harm("deleted")
    upload = await store.uploads.request(store.fileset_id, "second", expected, reads=None)
    assert upload.state == "open"
    await store.uploads.receive(upload.id, None, chunks())
    published = await store.uploads.register(upload.id)
    assert await store.read(published.version.id) == DATA


async def test_a_merge_does_not_rest_on_lost_content(store: Store) -> None:
    async def half() -> AsyncIterator[bytes]:
        yield DATA[:16000]

    async def rest() -> AsyncIterator[bytes]:
        yield DATA[16000:]

    grown = await store.uploads.put(store.fileset_id, "grown", half())
    await store.uploads.append(grown.entry.id, 16000, rest())
    await store.harm("deleted")
    await store.uploads.collect(now=True)
    assert len(await versions.extents(store.catalog.direct, grown.version.id)) == 1
    assert await store.read(grown.version.id) == DATA


async def test_whole_content_is_shared(store: Store) -> None:
    second = await store.uploads.put(store.fileset_id, "second", chunks())
    first = await versions.extents(store.catalog.direct, store.first)
    assert await versions.extents(store.catalog.direct, second.version.id) == first
    assert await store.uploads.fsck() == []
