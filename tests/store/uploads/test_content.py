from collections.abc import AsyncIterator

import pytest

from store.blobs import Blobs
from store.catalog import Catalog, versions
from store.catalog.rows import Run, Version
from store.errors import Absent, Damaged
from store.uploads import Content, Uploads
from store.uploads.content import copy


async def chunks(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


@pytest.fixture
async def grown(uploads: Uploads, run: Run) -> Version:
    """A file of three segments: 0123456789."""
    made = await uploads.put(run.fileset_id, "f", chunks(b"0123"))
    await uploads.append(made.entry.id, 4, chunks(b"45"))
    listed = await uploads.append(made.entry.id, 6, chunks(b"6789"))
    assert listed.version is not None
    return listed.version


async def test_every_range(catalog: Catalog, blobs: Blobs, grown: Version) -> None:
    content = Content(catalog.direct, blobs)
    for offset in range(12):
        for count in range(12):
            got = await content.read(grown.id, offset, count)
            assert bytes(got) == b"0123456789"[offset : offset + count], (offset, count)


async def test_far_offsets(catalog: Catalog, blobs: Blobs, grown: Version) -> None:
    content = Content(catalog.direct, blobs)
    for offset in (2**63 - 1, 2**64 - 1):
        assert bytes(await content.read(grown.id, offset, 2**32 - 1)) == b""


async def test_local_reads_never_suspend(catalog: Catalog, blobs: Blobs, grown: Version) -> None:
    if blobs.view("0" * 32) is None and blobs.path("0" * 32) is None:
        pytest.skip("the blobs are elsewhere")
    with pytest.raises(StopIteration) as done:
        Content(catalog.direct, blobs).read(grown.id, 2, 5).send(None)
    assert bytes(done.value.value) == b"23456"


async def test_copy(catalog: Catalog, blobs: Blobs, grown: Version, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("store.uploads.content.CHUNK_BYTES", 3)
    extents = await versions.extents(catalog.direct, grown.id)
    got = [bytes(chunk) async for chunk in copy(blobs, extents)]
    assert got == [b"012", b"3", b"45", b"678", b"9"]


async def test_segments_that_were_merged_meanwhile(
    catalog: Catalog, blobs: Blobs, grown: Version, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first look-up gives segments whose blobs are gone; the second gives what replaced them."""
    look_up = versions.extents_in
    answers = [[versions.Extent(0, 10, 1, "f" * 32)]]

    async def first_stale(*args: int) -> list[versions.Extent]:
        return answers.pop() if answers else await look_up(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(versions, "extents_in", first_stale)
    assert bytes(await Content(catalog.direct, blobs).read(grown.id, 0, 10)) == b"0123456789"


async def test_a_blob_that_is_gone_or_short(catalog: Catalog, blobs: Blobs, grown: Version) -> None:
    extents = await versions.extents(catalog.direct, grown.id)
    await blobs.delete(extents[1].key)
    with pytest.raises(Damaged, match="runfs fsck"):
        await Content(catalog.direct, blobs).read(grown.id, 0, 10)
    writer = await blobs.writer(extents[1].key)
    await writer.write(b"?")
    await writer.commit()
    with pytest.raises(Damaged, match="runfs fsck"):
        await Content(catalog.direct, blobs).read(grown.id, 0, 10)


async def test_one_blob_is_at_hand(catalog: Catalog, blobs: Blobs, uploads: Uploads, run: Run) -> None:
    content = Content(catalog.direct, blobs)
    made = await uploads.put(run.fileset_id, "a", chunks(b"0123456789"))
    assert await content.only_blob(made.version.id, 9) is None
    key = await content.only_blob(made.version.id, 10)
    assert key is not None
    if blobs.path(key) is not None:  # on this machine
        assert bytes(content.at_hand(key, 2, 5) or b"") == b"23456"
    assert content.at_hand(key, 8, 3) is None
    assert content.at_hand("0" * 32, 0, 1) is None
    assert content.at_hand("no key", 0, 1) is None
    assert await content.fetch(key, 7, 3, 10) == b"789"
    with pytest.raises(Damaged, match="runfs fsck"):
        await content.fetch(key, 7, 4, 11)
    await blobs.delete(key)
    with pytest.raises(Absent):  # merged or lost: whoever reads has to look anew
        await content.fetch(key, 7, 3, 10)


async def test_a_version_of_several_blobs_has_no_only_one(
    catalog: Catalog, blobs: Blobs, grown: Version
) -> None:
    content = Content(catalog.direct, blobs)
    assert (await content.only_blob(grown.id, grown.size) is None) == (
        len(await versions.extents(catalog.direct, grown.id)) > 1
    )
    assert await content.only_blob(grown.id + 99, grown.size) is None
