from typing import Any

import pytest

from store.catalog import Catalog, Topic, entries, filesets, places, runs
from store.catalog.rows import Run
from store.errors import Absent, Conflict, Refused


@pytest.fixture
async def run(catalog: Catalog, project_id: int) -> Run:
    """A run with no file."""
    return await catalog.write(lambda tx: runs.create(tx, project_id, "r"))


async def links(catalog: Catalog, run: Run, *paths: str) -> list[int]:
    """How many directories are in files/, then in each of these directories."""
    top = await filesets.by_id(catalog.direct, run.fileset_id)
    assert top is not None
    found = [await entries.by_path(catalog.direct, run.fileset_id, path) for path in paths]
    return [top.subdirectories, *(listed.entry.subdirectories for listed in found if listed is not None)]


async def test_directories_come_with_what_is_below(catalog: Catalog, run: Run, told: list[Any]) -> None:
    c = await catalog.write(lambda tx: places.directories(tx, run.fileset_id, ["a", "b", "c"]))
    listed = await entries.by_id(catalog.direct, c)
    assert listed is not None
    assert (listed.entry.name, listed.entry.path, listed.entry.is_directory) == ("c", "a/b/c", True)
    assert await links(catalog, run, "a", "a/b", "a/b/c") == [1, 1, 1, 0]
    a, b = c - 2, c - 1
    assert {(Topic.ENTRY, a, 0), (Topic.ENTRY, b, a), (Topic.ENTRY, c, b)} <= set(told)
    assert {(Topic.FILESET, run.fileset_id, run.id), (Topic.DIRECTORY, a, 0), (Topic.DIRECTORY, b, a)} <= set(
        told
    )
    told.clear()
    assert await catalog.write(lambda tx: places.directories(tx, run.fileset_id, ["a", "b", "c"])) == c
    assert told == []
    await catalog.write(lambda tx: places.directories(tx, run.fileset_id, ["a", "d"]))
    assert await links(catalog, run, "a") == [1, 2]
    assert await catalog.write(lambda tx: places.directories(tx, run.fileset_id, [])) == 0


async def test_they_go_with_the_last(catalog: Catalog, run: Run, told: list[Any]) -> None:
    async def work(tx: Any) -> list[Any]:
        below = await places.directories(tx, run.fileset_id, ["a", "b"])
        return [await places.add(tx, run.fileset_id, below, name, f"a/b/{name}") for name in ("x", "y")]

    first, second = await catalog.write(work)
    await catalog.write(lambda tx: places.remove(tx, [first]))
    assert await entries.by_path(catalog.direct, run.fileset_id, "a/b") is not None
    told.clear()
    await catalog.write(lambda tx: places.remove(tx, [second]))
    assert await catalog.direct.all("SELECT path FROM entries") == []
    assert await links(catalog, run) == [0]
    assert (Topic.FILESET, run.fileset_id, run.id) in told
    assert [topic for topic, *_ in told].count(Topic.ENTRY) == 3


async def test_check_says_what_would_be_refused(catalog: Catalog, put: Any, run: Run) -> None:
    await catalog.write(lambda tx: places.directories(tx, run.fileset_id, ["a", "b"]))
    file = await put("entries", fileset_id=run.fileset_id, name="f", path="f", version_id=1)
    await put("versions", entry_id=file, fileset_id=run.fileset_id)
    for path in ("new", "a/new", "a/b/c/new", "f"):
        await places.check(catalog.direct, run.fileset_id, path)
    for path, reason in (
        ("a", "a is a directory"),
        ("a/b", "directory"),
        ("f/x", "f is a file"),
        ("f/x/y", "f is"),
    ):
        with pytest.raises(Conflict, match=reason):
            await places.check(catalog.direct, run.fileset_id, path)
    with pytest.raises(Conflict, match="f is a file"):
        await catalog.write(lambda tx: places.directories(tx, run.fileset_id, ["f"]))
    with pytest.raises(Refused):
        await places.check(catalog.direct, run.fileset_id, "..")


async def test_which_filesets_are_open(catalog: Catalog, run: Run, fileset_id: int) -> None:
    assert (await places.open_fileset(catalog.direct, run.fileset_id)).id == run.fileset_id
    for nobodys in (fileset_id, 99):
        with pytest.raises(Absent):
            await places.open_fileset(catalog.direct, nobodys)
    await catalog.write(lambda tx: filesets.seal(tx, run.fileset_id))
    with pytest.raises(Conflict, match="committed"):
        await places.open_fileset(catalog.direct, run.fileset_id)


async def test_touch(catalog: Catalog, run: Run, told: list[Any]) -> None:
    made = await catalog.write(lambda tx: places.add(tx, run.fileset_id, 0, "x", "x"))
    told.clear()
    await catalog.write(lambda tx: places.touch(tx, made))
    touched = await places.existing(catalog.direct, made.id)
    assert touched == made._replace(changed_ns=touched.changed_ns)
    assert touched.changed_ns > made.changed_ns
    assert told == [(Topic.ENTRY, made.id, 0)]
