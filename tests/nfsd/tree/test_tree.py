"""The tree: what it finds, what changes do to it, and what its troubles are."""

from __future__ import annotations

import errno
from typing import Any

import pytest

from nfsd.tree.node import ROOT
from store.catalog import projects, runs
from store.errors import Conflict, Unavailable


def told_errno(caught: pytest.ExceptionInfo[OSError]) -> int | None:
    return caught.value.errno


async def test_a_node_is_loaded_once(world: Any) -> None:
    await world.run()
    node = await world.walk("runs/r1")
    assert await world.tree.node(node.fileid) is node
    ((_, _, attributes),) = await world.tree.page(await world.walk("runs"), 0, 10)
    assert attributes == node.attributes
    assert await world.tree.node(node.fileid) is node
    assert await world.tree.resolve(world.tree.handle(node)) is node
    assert await world.tree.resolve(world.tree.handle(node)) is node


async def test_a_change_replaces_the_node_at_once(world: Any) -> None:
    run = await world.run()
    handle = world.tree.handle(before := await world.walk("runs/r1/metadata.json"))
    await world.tree.resolve(handle)
    await world.catalog.write(lambda tx: runs.update(tx, run.id, notes="seen"))
    after = await world.tree.resolve(handle)
    assert after is not before
    assert after.changed_ns > before.changed_ns
    assert b'"notes": "seen"' in after.body


async def test_a_deleted_object_is_stale_and_absent(world: Any) -> None:
    run = await world.run()
    await world.file(run.fileset_id, "a/b")
    kept = [
        world.tree.handle(await world.walk(path)) for path in ("runs/r1", "runs/r1/files/a", "runs/r1/files")
    ]
    await world.catalog.write(lambda tx: runs.delete(tx, run.id))
    for handle in kept:
        with pytest.raises(OSError, match="gone") as caught:
            await world.tree.resolve(handle)
        assert told_errno(caught) == errno.ESTALE
    with pytest.raises(FileNotFoundError):
        await world.walk("runs/r1")
    assert await world.names("runs") == []


async def test_dots(world: Any) -> None:
    await world.run()
    root = await world.tree.node(ROOT)
    assert await world.tree.lookup(root, "..") is root
    assert await world.tree.lookup(root, ".") is root
    node = await world.walk("runs/r1/files")
    assert await world.tree.lookup(node, "..") is await world.walk("runs/r1")


async def test_the_first_project_appears_under_the_root(world: Any) -> None:
    assert await world.names("runs") == []
    empty = await world.walk("runs")
    await world.run("first")
    assert await world.names("runs") == ["first"]
    now = await world.walk("runs")
    assert now.fileid == empty.fileid
    assert now.changed_ns > empty.changed_ns


async def test_another_default_project(world: Any) -> None:
    await world.run("first")
    other = await world.project("team", "second")
    await world.catalog.write(lambda tx: runs.create(tx, other.id, "theirs"))
    handle = world.tree.handle(await world.walk("projects/team/second"))
    assert await world.names("projects/team/second/runs") == ["theirs"]
    await world.catalog.write(lambda tx: projects.set_default(tx, other.id))
    assert await world.names("runs") == ["theirs"]
    assert await world.names("projects/team/vision/runs") == ["first"]
    assert (await world.walk("projects/team/second")).target == "../.."
    again = await world.tree.resolve(handle)  # a mount of the project goes on
    assert [name for _, name, _ in await world.tree.page(again, 0, 9)] == ["runs", "sweeps", "artifacts"]


async def test_the_store_s_troubles(world: Any) -> None:
    run = await world.run()
    await world.file(run.fileset_id, "a")
    node = await world.walk("runs/r1/files/a")
    for error, expected in ((Unavailable("slow"), errno.EAGAIN), (Conflict("?"), errno.EIO)):
        world.content.error = error
        with pytest.raises(OSError, match=str(error).replace("?", r"\?")) as caught:
            await world.tree.read(node, 0, 1)
        assert told_errno(caught) == expected
    world.content.error = None
    world.content.versions[node.number] = b""
    with pytest.raises(OSError, match="nothing to read") as caught:
        await world.tree.read(node, 0, 1)
    assert told_errno(caught) == errno.EIO


async def test_reading_what_is_no_file(world: Any) -> None:
    with pytest.raises(IsADirectoryError):
        await world.tree.read(await world.walk("runs"), 0, 1)


async def test_what_was_listed_is_looked_up_without_the_catalog(world: Any) -> None:
    run = await world.run()
    await world.file(run.fileset_id, "a")
    await world.file(run.fileset_id, "b")
    directory = await world.walk("runs/r1/files")
    listed = await world.tree.page(directory, 0, 10)
    held = world.tree.bytes
    world.tree.db = None
    assert [await world.tree.lookup(directory, name) for name in ("a", "b")] == [
        await world.tree.node(attributes[0]) for _, _, attributes in listed
    ]
    assert world.tree.bytes == held
