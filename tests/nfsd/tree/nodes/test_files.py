from typing import Any

import pytest

from nfsd.tree.tree import Tree
from store.catalog import filesets, runs
from store.catalog.topics import Topic
from store.errors import Absent


async def test_real_directories(world: Any) -> None:
    run = await world.run()
    await world.file(run.fileset_id, "logs/a/b.txt", b"deep")
    await world.file(run.fileset_id, "logs/c.txt", b"flat")
    await world.file(run.fileset_id, "top.txt", b"top")
    assert await world.names("runs/r1/files") == ["logs", "top.txt"]
    assert await world.names("runs/r1/files/logs") == ["a", "c.txt"]
    assert await world.read("runs/r1/files/logs/a/b.txt") == b"deep"


async def test_a_directory_s_time_moves_with_its_names(world: Any) -> None:
    run = await world.run()
    await world.file(run.fileset_id, "logs/a")
    files, logs = await world.walk("runs/r1/files"), await world.walk("runs/r1/files/logs")
    await world.file(run.fileset_id, "logs/b")
    assert (await world.walk("runs/r1/files")).changed_ns == files.changed_ns
    assert (await world.walk("runs/r1/files/logs")).changed_ns > logs.changed_ns


async def test_a_retired_version_is_read_by_handle_until_it_is_collected(world: Any) -> None:
    run = await world.run()
    version = await world.file(run.fileset_id, "a", b"old bytes")
    node = await world.walk("runs/r1/files/a")
    handle = world.tree.handle(node)

    async def delete(tx: Any) -> None:
        await tx.run("UPDATE versions SET retired_ns = 1 WHERE id = ?", version)
        await tx.run("DELETE FROM entries WHERE version_id = ?", version)
        tx.changed(Topic.VERSION, version)
        tx.changed(Topic.FILESET, run.fileset_id)

    await world.catalog.write(delete)
    assert await world.names("runs/r1/files") == []
    for tree in (world.tree, Tree(world.catalog, world.content)):
        retired = await tree.resolve(handle)
        assert retired.links == 0
        assert await tree.read(retired, 0, 99) == b"old bytes"


@pytest.mark.parametrize("told_max", [0, 100])
async def test_files_of_a_deleted_run_have_lost_their_names_at_once(
    world: Any, monkeypatch: pytest.MonkeyPatch, told_max: int
) -> None:
    monkeypatch.setattr(filesets, "TOLD_MAX", told_max)
    run = await world.run()
    for path in ("top", "d/below"):
        await world.file(run.fileset_id, path)
    tree = world.tree
    seen = [await world.walk(f"runs/r1/files/{path}") for path in ("top", "d/below")]
    assert [node.links for node in seen] == [1, 1]
    handles = [tree.handle(node) for node in seen]
    await world.catalog.write(lambda tx: runs.delete(tx, run.id))
    for handle in handles:
        node = await tree.resolve(handle)
        assert node.links == 0
        assert await tree.read(node, 0, 99) == b"hello\n"


async def test_a_file_whose_bytes_moved_is_read_from_where_they_are_now(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A blob that is not where it was may have been merged into another: the file is not gone for that."""
    run = await world.run()
    await world.file(run.fileset_id, "a", b"a" * 20_000)

    async def moved(*_: object) -> bytes:
        raise Absent("not here")

    monkeypatch.setattr(type(world.content), "at_hand", lambda *_: None)
    monkeypatch.setattr(type(world.content), "fetch", moved)
    assert await world.read("runs/r1/files/a") == b"a" * 20_000


async def test_a_directory_is_no_file_and_a_file_no_directory_by_handle(world: Any) -> None:
    run = await world.run()
    await world.file(run.fileset_id, "d/f")
    assert await world.names("runs/r1/files/d") == ["f"]
    found = await world.walk("runs/r1/files/d/f")
    assert found.parent == (await world.walk("runs/r1/files/d")).fileid


async def test_files_of_an_artifact(world: Any) -> None:
    await world.artifact()
    assert await world.read("artifacts/collections/model/v0/files/w.bin") == b"w" * 10
    files = await world.walk("artifacts/collections/model/v0/files")
    assert files.parent == (await world.walk("artifacts/collections/model/v0")).fileid
