from typing import Any

import pytest

from store.catalog import Catalog, Topic, Transaction, entries, files, filesets, runs, versions
from store.catalog import blobs as blob_rows
from store.catalog.files import Content, Published
from store.catalog.rows import Run
from store.errors import Absent, Conflict


@pytest.fixture
async def run(catalog: Catalog, project_id: int) -> Run:
    """A run with no file."""
    return await catalog.write(lambda tx: runs.create(tx, project_id, "r"))


async def publish(catalog: Catalog, run: Run, path: str, text: bytes, kept: int = 5) -> Published:
    async def work(tx: Transaction) -> Published:
        blob_id = await blob_rows.create(tx, text.decode(), len(text), text, None)
        content = Content(len(text), text, None, ((blob_id, len(text)),))
        return await files.publish(tx, run.fileset_id, path, content, "text/plain", kept)

    return await catalog.write(work)


async def totals(catalog: Catalog, run: Run) -> tuple[int, int]:
    fileset = await filesets.by_id(catalog.direct, run.fileset_id)
    assert fileset is not None
    return fileset.files, fileset.bytes


async def test_all_that_moves_when_a_file_appears(catalog: Catalog, run: Run, told: list[Any]) -> None:
    before = await filesets.by_id(catalog.direct, run.fileset_id)
    made = await publish(catalog, run, "a/b", b"text")
    listed = await entries.by_id(catalog.direct, made.entry.id)
    assert listed == (made.entry, made.version)
    assert [extent[:2] for extent in await versions.extents(catalog.direct, made.version.id)] == [(0, 4)]
    assert set(told) == {
        (Topic.ENTRY, made.entry.parent_id, 0),
        (Topic.ENTRY, made.entry.id, made.entry.parent_id),
        (Topic.DIRECTORY, made.entry.parent_id, 0),
        (Topic.FILESET, run.fileset_id, run.id),
        (Topic.RUN, run.id, run.project_id),
    }
    after = await filesets.by_id(catalog.direct, run.fileset_id)
    assert before is not None
    assert after is not None
    assert after.changed_ns > before.changed_ns


async def test_times_move_even_when_the_clock_does_not(
    catalog: Catalog, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await publish(catalog, run, "a", b"1")
    monkeypatch.setattr("time.time_ns", lambda: 1)
    changed = await publish(catalog, run, "a", b"2")
    assert changed.entry.changed_ns > made.entry.changed_ns
    described = await catalog.write(lambda tx: files.describe(tx, made.entry.id, "words", None))
    assert described.entry.changed_ns > changed.entry.changed_ns


async def test_grow_and_check_end(catalog: Catalog, run: Run) -> None:
    made = await publish(catalog, run, "a", b"1234")

    async def work(tx: Transaction) -> Any:
        blob_id = await blob_rows.create(tx, "tail", 2, b"tail", None)
        return await files.grow(tx, made.entry.id, 4, blob_id, 2)

    grown = await catalog.write(work)
    assert (grown.version.size, grown.version.sha256) == (6, None)
    assert await totals(catalog, run) == (1, 6)
    assert (await files.check_end(catalog.direct, made.entry.id, 6)) == grown
    with pytest.raises(Conflict, match="ends at byte 6"):
        await files.check_end(catalog.direct, made.entry.id, 4)
    directory = await publish(catalog, run, "d/x", b"x")
    with pytest.raises(Conflict, match="directory"):
        await files.check_end(catalog.direct, directory.entry.parent_id, 0)


async def test_versions_are_kept_and_retired(catalog: Catalog, run: Run, told: list[Any]) -> None:
    made = [await publish(catalog, run, "a", text, kept=2) for text in (b"1", b"22", b"333")]
    assert [published.version.number for published in made] == [1, 2, 3]
    assert [v.number for v in await versions.of_entry(catalog.direct, made[0].entry.id)] == [3, 2]
    # When it lost its name, and when it was retired.
    assert told.count((Topic.VERSION, made[0].version.id, made[0].entry.id)) == 2
    restored = await catalog.write(lambda tx: files.restore(tx, made[0].entry.id, 2, 2))
    assert (restored.version.number, restored.version.sha256) == (4, b"22")
    assert await totals(catalog, run) == (1, 2)
    with pytest.raises(Absent, match="no version 1"):
        await catalog.write(lambda tx: files.restore(tx, made[0].entry.id, 1, 2))


async def test_describe(catalog: Catalog, run: Run, told: list[Any]) -> None:
    made = await publish(catalog, run, "a", b"1")
    told.clear()
    await catalog.write(lambda tx: files.describe(tx, made.entry.id, "words", None))
    listed = await catalog.write(lambda tx: files.describe(tx, made.entry.id, None, '["x"]'))
    assert (listed.entry.description, listed.entry.tags) == ("words", '["x"]')
    assert set(told) == {(Topic.ENTRY, made.entry.id, 0)}
    with pytest.raises(Absent):
        await catalog.write(lambda tx: files.describe(tx, 99, "words", None))


async def test_delete(catalog: Catalog, run: Run, told: list[Any]) -> None:
    made = await publish(catalog, run, "d/a", b"1")
    newer = await publish(catalog, run, "d/a", b"22")
    told.clear()
    (gone,) = await catalog.write(lambda tx: files.delete(tx, made.entry.id))
    assert gone == (newer.entry, newer.version)
    assert await totals(catalog, run) == (0, 0)
    assert await catalog.direct.all("SELECT count(*) FROM entries") == [(0,)]
    for version in (made.version, newer.version):
        assert (Topic.VERSION, version.id, made.entry.id) in told
    assert (Topic.RUN, run.id, run.project_id) in told
    with pytest.raises(Absent):
        await catalog.write(lambda tx: files.delete(tx, made.entry.id))


async def test_delete_many(catalog: Catalog, run: Run, told: list[Any]) -> None:
    other = await catalog.write(lambda tx: runs.create(tx, run.project_id, "other"))
    paths = ("a", "d/a", "d/b", "d/e/f/a", "g/a")
    made = [await publish(catalog, run, path, b"1" * at) for at, path in enumerate(paths, 1)]
    made.append(await publish(catalog, other, "d/a", b"2"))
    stays = await publish(catalog, run, "g/stays", b"333")
    told.clear()
    ids = [each.entry.id for each in made]
    gone = await catalog.write(lambda tx: files.delete(tx, *ids))
    assert [each.entry.id for each in gone] == ids
    assert await totals(catalog, run) == (1, 3)
    assert await totals(catalog, other) == (0, 0)
    assert await catalog.direct.all("SELECT path FROM entries ORDER BY path") == [("g",), ("g/stays",)]
    links = "SELECT subdirectories FROM filesets WHERE id IN (?, ?) ORDER BY id"
    assert await catalog.direct.all(links, run.fileset_id, other.fileset_id) == [(1,), (0,)]
    for each in made:
        assert (Topic.VERSION, each.version.id, each.entry.id) in told
        assert (Topic.ENTRY, each.entry.id, each.entry.parent_id) in told
    assert (Topic.VERSION, stays.version.id, stays.entry.id) not in told
    assert told.count((Topic.DIRECTORY, stays.entry.parent_id, 0)) == 1
    with pytest.raises(Absent):  # and then none of them
        await catalog.write(lambda tx: files.delete(tx, stays.entry.id, ids[0]))
    assert await totals(catalog, run) == (1, 3)


async def test_a_sealed_fileset_does_not_change(catalog: Catalog, run: Run) -> None:
    made = await publish(catalog, run, "a", b"1")
    await publish(catalog, run, "a", b"2")
    await catalog.write(lambda tx: filesets.seal(tx, run.fileset_id))
    for work in (
        lambda tx: files.delete(tx, made.entry.id),
        lambda tx: files.restore(tx, made.entry.id, 1, 5),
        lambda tx: files.grow(tx, made.entry.id, 1, 1, 1),
        lambda tx: files.publish(tx, run.fileset_id, "b", Content(0, b"", None, ()), "", 5),
    ):
        with pytest.raises(Conflict, match="committed"):
            await catalog.write(work)
