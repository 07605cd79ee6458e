"""What a tree remembers, for how long, and that it counts right."""

from __future__ import annotations

import struct
import tracemalloc
from typing import Any

import pytest

from nfsd.tree.cache import NAME_BYTES, SPARED_AT_ONCE
from nfsd.tree.handle import OPAQUE
from nfsd.tree.node import NODE_BYTES, ROOT, Directory, Node, Type
from nfsd.tree.nodes.files import StoredFile
from nfsd.tree.nodes.runs import Runs
from nfsd.tree.tree import Tree
from store.catalog import projects, runs


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
        assert [name for _, name, _ in listed] == [f"r{number}" for number in range(40)]
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


async def test_a_directory_in_use_outlives_a_walk_through_many_others(world: Any) -> None:
    tree = Tree(world.catalog, world.content, budget_bytes=30 * NODE_BYTES)
    hot = await world.run("hot")
    await world.file(hot.fileset_id, "a")
    for number in range(100):
        await world.run(f"r{number}")
    directory = await tree.node(ROOT)
    for name in ("runs", "hot", "files"):
        directory = await tree.lookup(directory, name)
    handle = tree.handle(directory)
    await tree.page(directory, 0, 10)
    cold = await tree.lookup(await tree.lookup(await tree.node(ROOT), "runs"), "r0")
    await tree.resolve(tree.handle(cold))  # once, and never again
    for first in range(0, 100, 2):
        assert await tree.resolve(handle) is directory
        for number in (first, first + 1):
            await tree.page(await tree.node(cold.at(cold.number + number)), 0, 10)
        assert tree.bytes <= 30 * NODE_BYTES
    assert tree.nodes[directory.fileid] is directory
    assert "a" in directory.names  # type: ignore[attr-defined]
    assert tree.nodes.get(cold.fileid) is not cold


async def test_room_is_made_also_where_every_handle_was_shown(world: Any) -> None:
    tree = Tree(world.catalog, world.content, budget_bytes=1 << 30)
    since = tree.forgotten
    shown = [tree.keep(Runs(number, 0, 0, 0), since) for number in range(1, 2 * SPARED_AT_ONCE)]
    for node in shown:
        assert tree.met(OPAQUE + tree.handle(node)) is node
    tree._budget_bytes = 100 * NODE_BYTES
    tree.keep(Runs(5 * SPARED_AT_ONCE, 0, 0, 0), since)
    assert tree.bytes <= 100 * NODE_BYTES
    assert tree.bytes == NODE_BYTES * len(tree.nodes)
    assert set(tree.by_handle.values()) <= set(tree.nodes.values())


async def test_a_handle_leads_to_what_is_kept_and_nothing_else_does(world: Any) -> None:
    await world.run()
    node = await world.walk("runs/r1")
    handle = world.tree.handle(node)
    for wrong in (handle, OPAQUE + handle[:-1], OPAQUE + handle[:-1] + b"?", b"\0\0\0\x20" + handle, b""):
        assert world.tree.met(wrong) is None
    assert world.tree.by_handle == {}
    assert world.tree.met(OPAQUE + handle) is node
    assert world.tree.by_handle == {OPAQUE + handle: node}
    world.tree.forget([node.fileid])
    assert world.tree.met(OPAQUE + handle) is None
    assert world.tree.by_handle == {}


async def test_pages_of_a_project_that_came_to_the_root_go_too(world: Any) -> None:
    """Who mounted it before still has the other number of its runs/."""
    await world.run("first")
    other = await world.project("team", "second")
    run = await world.catalog.write(lambda tx: runs.create(tx, other.id, "theirs"))
    await world.catalog.write(lambda tx: projects.set_default(tx, other.id))
    mounted, at_root = await world.tree.node(Runs.at(other.id)), await world.walk("runs")
    assert mounted is not at_root
    listed: list[Node] = []
    for directory in (mounted, at_root):
        ((_, _, attributes),) = await world.tree.page(directory, 0, 9)
        world.tree.keep_page(directory, "page", b"of both", world.tree.dropped)
        listed.append(await world.tree.node(attributes[0]))
    assert listed[0] is listed[1]
    world.tree.forget([listed[0].fileid])
    assert run.id == listed[0].number
    assert mounted.pages == at_root.pages == {}  # type: ignore[attr-defined]
    assert world.tree.bytes == sum(
        node.weight + (NAME_BYTES * len(node.names) if isinstance(node, Directory) else 0)
        for node in world.tree.nodes.values()
    )


async def test_what_a_listing_gave_before_a_fact_is_not_kept(world: Any) -> None:
    run = await world.run()
    files = [await world.file(run.fileset_id, name) for name in "abc"]
    tree, directory = world.tree, await world.walk("runs/r1/files")
    fileids = [StoredFile.at(version) for version in files]
    rows = [
        (number, name, version, 6, 5)
        for number, (name, version) in enumerate(zip("abc", files, strict=True), 1)
    ]
    tree.keep_rows(directory.place, fileids, rows, tree.forgotten - 1)
    assert all(fileid not in tree.nodes for fileid in fileids)
    held = tree.bytes
    tree.keep_rows(directory.place, fileids, rows, tree.forgotten)
    assert tree.bytes == held + 3 * NODE_BYTES
    made = [tree.known(fileid) for fileid in fileids]
    assert [node and node.attributes for node in made] == [(fileid, Type.FILE, 1, 6, 5) for fileid in fileids]
    assert [tree.known(fileid) for fileid in fileids] == made
    tree.keep_rows(directory.place, fileids, rows, tree.forgotten)
    assert [tree.nodes[fileid] for fileid in fileids] == made
    assert tree.bytes == held + 3 * NODE_BYTES


async def test_who_wants_to_know_what_is_kept_is_told_of_what_a_listing_read(world: Any) -> None:
    run = await world.run()
    await world.file(run.fileset_id, "a")
    directory = await world.walk("runs/r1/files")
    told: list[Node] = []
    world.tree.kept = told.append
    ((_, _, attributes),) = await world.tree.page(directory, 0, 9)
    assert told == [world.tree.nodes[attributes[0]]]


@pytest.mark.parametrize("counts", [">QI", ">QII"])
async def test_small_pages_are_counted_as_what_they_take(world: Any, counts: str) -> None:
    tree, directory = world.tree, await world.walk("runs")
    numbers = [4096, 8192][: len(counts) - 2]
    held = tree.bytes
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for cookie in range(1000, 12_000):
            key = struct.unpack(counts, struct.pack(counts, cookie, *numbers))
            tree.keep_page(directory, key, bytes(16), tree.dropped)
        taken = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert taken <= 1.2 * (tree.bytes - held)


async def test_the_budget_holds_for_the_pages_of_one_directory(world: Any) -> None:
    tree = Tree(world.catalog, world.content, budget_bytes=100 * NODE_BYTES)
    for cookie in range(1000):
        root = await tree.node(ROOT)
        tree.keep_page(root, cookie, bytes(100), tree.dropped)  # type: ignore[arg-type]
        assert tree.bytes <= 100 * NODE_BYTES
    assert len(tree.nodes) <= 1


async def test_rows_are_forgotten_as_their_nodes_would_be(world: Any) -> None:
    run = await world.run()
    await world.file(run.fileset_id, "a")
    tree, directory = world.tree, await world.walk("runs/r1/files")
    held = tree.bytes
    ((_, _, attributes),) = await tree.page(directory, 0, 9)
    directory.names.clear()
    tree.bytes -= NAME_BYTES
    tree.keep_page(directory, "key", b"x" * 100, tree.dropped)
    tree.forget([attributes[0]])
    assert (attributes[0] in tree.nodes, directory.pages, tree.bytes) == (False, {}, held)


async def test_a_directory_that_is_dropped_lets_go_of_what_it_knew(world: Any) -> None:
    """Rows of its listing live on, and not one of them holds it: an upload after each listing would leave a
    directory for each row, which nobody counts."""
    run = await world.run()
    tree, listed = world.tree, {}
    for number in range(20):
        await world.file(run.fileset_id, f"f{number}")
        directory = await world.walk("runs/r1/files")
        listed = {attributes[0]: attributes for _, _, attributes in await tree.page(directory, 0, 99)}
        tree.keep_page(directory, "key", b"x" * 100, tree.dropped)
    tree.forget([directory.fileid])
    assert len(listed) == 20
    for kept in listed:
        place, row = tree.nodes[kept]
        assert place == directory.place
        assert not isinstance(place, Directory)
        assert not any(isinstance(part, Directory) for part in (*place, *row))
    assert [tree.known(kept).attributes for kept in listed] == [*listed.values()]
