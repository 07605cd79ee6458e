"""Many small files at once: what each three-step upload promises, file by file."""

from __future__ import annotations

import hashlib
import os
from typing import Any

import pytest

from store.blobs import ANYTHING, Blobs, Expected
from store.catalog import Catalog, entries, filesets
from store.catalog.files import Published
from store.catalog.rows import Run
from store.errors import Absent, Conflict, Mismatch, Refused, StoreError, Unavailable
from store.uploads import Incoming, Uploads
from store.uploads.many import PUBLISHED_AT_ONCE


def incoming(path: str, data: bytes, expected: Expected = ANYTHING) -> Incoming:
    return Incoming(path, data, expected, "text/plain")


async def keys(blobs: Blobs) -> list[str]:
    return [found.key async for found in blobs.keys()]  # noqa: SIM118 - not a dict


async def content(uploads: Uploads, published: Published | StoreError) -> bytes:
    assert isinstance(published, Published)
    rows = await uploads.catalog.read.all(
        "SELECT key FROM segments JOIN blobs ON blobs.id = blob_id WHERE version_id = ? ORDER BY offset",
        published.version.id,
    )
    return b"".join([await uploads.blobs.read(key, 0, 1 << 30) for (key,) in rows])


async def test_each_is_there_as_it_came(uploads: Uploads, run: Run, catalog: Catalog, blobs: Blobs) -> None:
    count = PUBLISHED_AT_ONCE + 3
    given = [incoming(f"d{at % 2}/{at}", os.urandom(at)) for at in range(count)]
    published = await uploads.put_all(run.fileset_id, given)
    for file, made in zip(given, published, strict=True):
        assert isinstance(made, Published)
        assert (made.entry.path, made.version.size, made.created) == (file.path, len(file.data), True)
        assert made.version.sha256 == hashlib.sha256(file.data).digest()
        assert made.version.md5 == hashlib.md5(file.data).digest()
        assert await content(uploads, made) == file.data
    fileset = await filesets.by_id(catalog.read, run.fileset_id)
    assert fileset is not None
    assert (fileset.files, fileset.bytes) == (count, sum(range(count)))
    assert len(await keys(blobs)) == count - 1  # the empty one needs none
    assert uploads.intake.in_flight == set()
    assert await uploads.fsck(deep=True) == []


async def test_each_has_its_own_outcome(uploads: Uploads, run: Run, blobs: Blobs) -> None:
    other = hashlib.sha256(b"other").digest()
    published = await uploads.put_all(
        run.fileset_id,
        [
            incoming("a", b"1"),
            incoming("wrong hash", b"2", Expected(1, other)),
            incoming("wrong size", b"2", Expected(2)),
            incoming("../up", b"3"),
            incoming("a/below", b"4"),
            incoming("b", b"5"),
        ],
    )
    assert [type(each) for each in published] == [Published, Mismatch, Mismatch, Refused, Conflict, Published]
    assert len(await keys(blobs)) == 2
    assert await uploads.fsck(deep=True) == []


async def test_equal_content_is_kept_once(uploads: Uploads, run: Run, blobs: Blobs) -> None:
    await uploads.put_all(run.fileset_id, [incoming("a", b"same"), incoming("b", b"same")])
    first, again = await uploads.put_all(run.fileset_id, [incoming("a", b"same"), incoming("b", b"new")])
    assert isinstance(first, Published)
    assert isinstance(again, Published)
    assert (first.changed, first.version.number, again.version.number) == (False, 1, 2)
    assert len(await keys(blobs)) == 2
    assert await uploads.fsck(deep=True) == []


async def test_one_path_twice_is_two_versions(uploads: Uploads, run: Run, catalog: Catalog) -> None:
    await uploads.put_all(run.fileset_id, [incoming("a", b"1"), incoming("a", b"2")])
    listed = await entries.by_path(catalog.read, run.fileset_id, "a")
    assert listed is not None
    assert listed.version is not None
    assert (listed.version.number, listed.version.sha256) == (2, hashlib.sha256(b"2").digest())


async def test_a_run_that_is_gone(uploads: Uploads, blobs: Blobs) -> None:
    (outcome,) = await uploads.put_all(999_999, [incoming("a", b"1")])
    assert isinstance(outcome, Absent)
    assert await keys(blobs) == []


async def test_a_catalog_that_fails_loses_nothing_and_says_so(
    uploads: Uploads, run: Run, blobs: Blobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(work: Any) -> Any:
        assert len(uploads.intake.in_flight) == 1  # the collector leaves it alone meanwhile
        raise Unavailable("the disk fails", 1.0)

    monkeypatch.setattr(uploads.catalog, "write", fail)
    with pytest.raises(Unavailable):
        await uploads.put_all(run.fileset_id, [incoming("a", b"1")])
    # Whether the row was written is not known: the collector finds out.
    assert len(await keys(blobs)) == 1
    assert uploads.intake.in_flight == set()


async def test_nothing_at_all(uploads: Uploads, run: Run) -> None:
    assert await uploads.put_all(run.fileset_id, []) == []
