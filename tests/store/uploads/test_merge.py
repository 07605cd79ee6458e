from collections.abc import AsyncIterator
from typing import Any

import pytest

from store.blobs import Blobs
from store.catalog import Catalog, Topic, entries, versions
from store.catalog.rows import Run
from store.errors import NoSpace
from store.uploads import Content, Uploads, merge
from store.uploads.merge import merge_all, tail_start


async def chunks(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ([], 0),
        ([5], 0),
        ([1] * 33, 0),
        ([1000] + [1] * 32, 1),
        ([1000, 500] + [1] * 40, 2),
        ([1000, 40] + [1] * 40, 1),
        ([2**30] * 3, 3),
        ([2**30] + [2**24] * 4, 1),
        ([2**30] + [2**24] * 5, 2),
    ],
)
def test_where_the_tail_starts(sizes: list[int], expected: int) -> None:
    assert tail_start(sizes) == expected


def test_each_byte_is_copied_a_few_times() -> None:
    """A log that grows by one byte a second for a week, merged as it grows."""
    sizes: list[int] = []
    copied = 0
    for _ in range(100_000):
        sizes.append(1)
        if len(sizes) > merge.SEGMENTS_MAX:
            start = tail_start(sizes)
            total = sum(sizes[start:])
            copied += total
            sizes[start:] = [total]
    assert len(sizes) <= merge.SEGMENTS_MAX
    assert copied / 100_000 < 12


async def test_many_tails(
    uploads: Uploads, run: Run, catalog: Catalog, blobs: Blobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(merge, "SEGMENTS_MAX", 4)
    made = await uploads.put(run.fileset_id, "log", chunks(b"start"))
    whole = b"start"
    for number in range(20):
        tail = bytes([65 + number])
        await uploads.append(made.entry.id, len(whole), chunks(tail))
        whole += tail
        assert len(await versions.extents(catalog.direct, made.version.id)) <= 5
        content = await Content(catalog.direct, blobs).read(made.version.id, 0, 100)
        assert bytes(content) == whole
    listed = await entries.by_id(catalog.direct, made.entry.id)
    assert listed is not None
    assert listed.version is not None
    assert listed.version.size == len(whole)
    await uploads.collect(now=True)
    assert await uploads.fsck(deep=True) == []


async def test_merging_changes_nothing_that_a_reader_sees(
    uploads: Uploads, run: Run, catalog: Catalog, blobs: Blobs, told: list[Any]
) -> None:
    made = await uploads.put(run.fileset_id, "log", chunks(b"one"))
    grown = await uploads.append(made.entry.id, 3, chunks(b"two"))
    stale = await versions.extents(catalog.direct, made.version.id)
    told.clear()
    assert await merge_all(catalog, blobs, uploads.intake, made.version.id)
    merged = await versions.by_id(catalog.direct, made.version.id)
    assert grown.version is not None
    assert merged is not None
    assert merged == grown.version._replace(sha256=merged.sha256, md5=merged.md5)
    assert told == [(Topic.VERSION, made.version.id, made.entry.id)]  # whoever keeps segments forgets them
    for extent in stale:  # and whoever is reading the old ones can finish
        assert await blobs.size(extent.key) == extent.size


async def test_a_file_that_grew_meanwhile_is_left_alone(
    uploads: Uploads, run: Run, catalog: Catalog, blobs: Blobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await uploads.put(run.fileset_id, "log", chunks(b"one"))
    grown = await uploads.append(made.entry.id, 3, chunks(b"two"))
    stale = [
        extent._replace(blob_id=99) for extent in await versions.extents(catalog.direct, made.version.id)
    ]
    assert not await catalog.write(lambda tx: versions.merge(tx, made.version.id, stale, 1, b"x", None))
    later = await uploads.append(made.entry.id, 6, chunks(b"three"))
    assert grown.version is not None
    assert later.version is not None
    before = await versions.extents(catalog.direct, made.version.id)
    assert await catalog.write(lambda tx: versions.merge(tx, made.version.id, before[:2], 1, b"x", None))
    partly = await versions.by_id(catalog.direct, made.version.id)
    assert partly is not None
    assert partly.sha256 is None  # not all of it


async def test_an_append_stands_also_when_merging_fails(
    uploads: Uploads,
    run: Run,
    blobs: Blobs,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def fails(*args: Any) -> bool:
        raise NoSpace("full")

    monkeypatch.setattr(merge, "SEGMENTS_MAX", 1)
    monkeypatch.setattr(merge, "_merge", fails)
    made = await uploads.put(run.fileset_id, "log", chunks(b"one"))
    grown = await uploads.append(made.entry.id, 3, chunks(b"two"))
    assert grown.version is not None
    assert grown.version.size == 6
    assert "could not be merged" in caplog.text
