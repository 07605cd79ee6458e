"""Each fault that fsck knows is made by hand, and must be found; a sound store has none."""

from collections.abc import AsyncIterator

import pytest

from store.blobs import Blobs, new_key
from store.catalog import Catalog, lines, versions
from store.catalog.rows import Run
from store.uploads import Uploads


async def chunks(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


@pytest.fixture
async def sound(uploads: Uploads, run: Run, catalog: Catalog) -> Uploads:
    """A store with files, directories, versions, segments, lines and a deleted file in it."""
    made = await uploads.put(run.fileset_id, "a/b/c", chunks(b"content"))
    await uploads.put(run.fileset_id, "a/b/c", chunks(b"replaced"))
    await uploads.append(made.entry.id, 8, chunks(b"tail"))
    await uploads.put(run.fileset_id, "empty", chunks(b""))
    gone = await uploads.put(run.fileset_id, "gone", chunks(b"gone"))
    await uploads.delete([gone.entry.id])
    for stream in (lines.HISTORY, lines.CONSOLE):
        await catalog.write(lambda tx, stream=stream: lines.append(tx, run.id, stream, 0, [b"1", b"22"]))
    return uploads


async def test_a_sound_store(sound: Uploads) -> None:
    assert await sound.fsck(deep=True) == []


@pytest.mark.parametrize(
    ("sql", "kinds"),
    [
        ("UPDATE versions SET size = size + 1 WHERE id = 1", {"version"}),
        ("UPDATE segments SET offset = offset + 1 WHERE version_id = 1", {"segment"}),
        ("UPDATE segments SET size = size - 1 WHERE version_id = 1", {"version", "extent"}),
        ("UPDATE entries SET version_id = 99 WHERE path = 'a/b/c'", {"entry", "totals"}),
        ("UPDATE entries SET version_id = 1 WHERE path = 'empty'", {"entry", "totals"}),
        ("UPDATE entries SET subdirectories = 2 WHERE path = 'a'", {"directory"}),
        ("DELETE FROM entries WHERE path = 'a/b'", {"parent", "directory"}),
        ("UPDATE filesets SET files = 7", {"totals"}),
        ("UPDATE filesets SET bytes = 7", {"totals"}),
        ("UPDATE filesets SET subdirectories = 7", {"totals"}),
        (
            "INSERT INTO blobs VALUES (99, lower(hex(zeroblob(16))), 1, x'00', NULL, 1, NULL)",
            {"unused", "missing"},
        ),
        ("UPDATE runs SET history_bytes = 1", {"lines"}),
        ("UPDATE runs SET console_lines = 1", {"lines"}),
        ("UPDATE blobs SET size = size + 1 WHERE id = 1", {"extent", "damaged"}),
        ("UPDATE blobs SET sha256 = x'00' WHERE id = 1", {"damaged"}),
    ],
)
async def test_faults_of_the_catalog(sound: Uploads, catalog: Catalog, sql: str, kinds: set[str]) -> None:
    await catalog.write(lambda tx: tx.run(sql))
    assert {finding.kind for finding in await sound.fsck(deep=True)} == kinds


async def test_a_missing_blob_is_told_with_whose_it_is(
    sound: Uploads, catalog: Catalog, blobs: Blobs
) -> None:
    (extent, _) = await versions.extents(catalog.direct, 2)
    await blobs.delete(extent.key)
    (finding,) = await sound.fsck()
    assert (finding.kind, finding.subject) == ("missing", f"blob {extent.key}")
    assert "a/b/c" in finding.what


async def test_other_bytes_are_found_by_reading(sound: Uploads, catalog: Catalog, blobs: Blobs) -> None:
    (extent,) = await versions.extents(catalog.direct, 1)
    await blobs.delete(extent.key)
    writer = await blobs.writer(extent.key)
    await writer.write(b"CONTENT")
    await writer.commit()
    assert await sound.fsck() == []
    (finding,) = await sound.fsck(deep=True)
    assert finding.kind == "damaged"


@pytest.mark.parametrize("key", ["0" * 32, "f" * 32, None])
async def test_an_orphan_before_between_and_after(sound: Uploads, blobs: Blobs, key: str | None) -> None:
    writer = await blobs.writer(key or new_key())
    await writer.write(b"?")
    await writer.commit()
    (finding,) = await sound.fsck()
    assert (finding.kind, finding.what) == ("orphan", "has 1 bytes and no row")


async def test_what_is_under_way_is_no_orphan(sound: Uploads, run: Run) -> None:
    asked = await sound.request(run.fileset_id, "new", reads=None)
    await sound.receive(asked.id, None, chunks(b"new"))
    assert await sound.fsck() == []
