"""The tree's cache: what it remembers, what it forgets, and what its troubles are."""

from __future__ import annotations

import errno
from typing import Any

import pytest

from nfsd.tree.node import NODE_BYTES, ROOT, Directory
from nfsd.tree.tree import NAME_BYTES, Tree
from store.catalog import projects, runs
from store.errors import Conflict, Unavailable


def told_errno(caught: pytest.ExceptionInfo[OSError]) -> int | None:
    return caught.value.errno


async def test_a_node_is_loaded_once(world: Any) -> None:
    await world.run()
    node = await world.walk("runs/r1")
    assert await world.tree.node(node.fileid) is node
    assert (await world.tree.page(await world.walk("runs"), 0, 10))[0].node is node
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


async def test_a_page_goes_with_any_of_its_nodes(world: Any) -> None:
    run = await world.run()
    directory = await world.walk("runs/r1")
    tree = world.tree
    await tree.page(directory, 0, 10)
    tree.keep_page(directory, "key", b"x" * 100, tree.dropped)
    assert directory.pages == {"key": b"x" * 100}
    held = tree.bytes
    await world.catalog.write(lambda tx: runs.update(tx, run.id, notes="n"))
    assert await world.walk("runs/r1") is directory
    assert directory.pages == {}
    assert tree.bytes < held - 100


async def test_a_page_made_while_something_went_is_not_kept(world: Any) -> None:
    await world.run()
    directory = await world.walk("runs/r1")
    since = world.tree.dropped
    world.tree.forget(())
    world.tree.keep_page(directory, "key", b"", since)
    assert directory.pages == {}


async def test_a_node_read_before_a_fact_is_not_kept(world: Any) -> None:
    """What a remote catalog's answer may be by the time that it is here."""
    await world.run()
    node = await world.walk("runs/r1")
    world.tree.forget([node.fileid])
    assert world.tree.keep(node, world.tree.forgotten - 1) is node
    assert node.fileid not in world.tree.nodes
    assert world.tree.keep(node, world.tree.forgotten) is node
    assert world.tree.nodes[node.fileid] is node


async def test_the_budget_holds_and_all_is_still_found(world: Any) -> None:
    tree = Tree(world.catalog, world.content, budget_bytes=20 * NODE_BYTES)
    for number in range(40):
        await world.run(f"r{number}")
    root = await tree.node(ROOT)
    for _ in range(2):
        listed = await tree.page(await tree.lookup(root, "runs"), 0, 100)
        assert [entry.name for entry in listed] == [f"r{number}" for number in range(40)]
        assert tree.bytes <= 20 * NODE_BYTES
    for number in range(40):
        found = await tree.lookup(await tree.lookup(root, "runs"), f"r{number}")
        assert await tree.resolve(tree.handle(found))
    assert len(tree.by_handle) <= len(tree.nodes) <= 20


async def test_what_is_counted_is_what_is_there(world: Any) -> None:
    await world.all_kinds()
    tree = world.tree
    for path in ("runs/r1/files/logs/a/b.txt", "sweeps/s1/runs/r1", "artifacts/collections/model/v0/files"):
        await world.walk(path)
    runs_directory = await world.walk("runs")
    tree.keep_page(runs_directory, 1, b"p" * 50, tree.dropped)
    directories = [node for node in tree.nodes.values() if isinstance(node, Directory)]
    kept = sum(node.page_bytes + NAME_BYTES * len(node.names) for node in directories)
    assert tree.bytes == kept + sum(node.weight for node in tree.nodes.values())
    tree.forget(list(tree.nodes))
    assert (tree.bytes, tree.nodes, tree.by_handle) == (0, {}, {})


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
    assert [entry.name for entry in await world.tree.page(again, 0, 9)] == ["runs", "sweeps", "artifacts"]


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
    assert [await world.tree.lookup(directory, name) for name in ("a", "b")] == [e.node for e in listed]
    assert world.tree.bytes == held
