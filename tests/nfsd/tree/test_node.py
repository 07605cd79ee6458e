"""The contract of every kind of node, checked on a tree that has them all."""

from __future__ import annotations

import errno
from collections.abc import AsyncIterator
from typing import Any

import pytest

from nfsd.tree.node import KINDS, ROOT, Directory, File, Fixed, Link, Node, Type, gone
from nfsd.tree.tree import Tree

FROZEN = {
    1: "Root",
    2: "Projects",
    3: "EntityDirectory",
    4: "ProjectDirectory",
    5: "DefaultProject",
    6: "Runs",
    7: "RunDirectory",
    8: "RunMetadata",
    9: "History",
    10: "Console",
    11: "Files",
    12: "Subdirectory",
    13: "StoredFile",
    14: "Sweeps",
    15: "SweepDirectory",
    16: "SweepMetadata",
    17: "SweepRuns",
    18: "SweepRun",
    19: "Artifacts",
    20: "Types",
    21: "TypeDirectory",
    22: "TypeLink",
    23: "Collections",
    24: "CollectionDirectory",
    25: "ArtifactDirectory",
    26: "ArtifactMetadata",
    27: "AliasLink",
}


async def everything(world: Any) -> AsyncIterator[tuple[str, Node, Directory]]:
    """Path, node and directory of all there is, the root apart."""
    open_ = [("", await world.tree.node(ROOT))]
    while open_:
        path, directory = open_.pop()
        for _, name, attributes in await world.tree.page(directory, 0, 1000):
            node = await world.tree.node(attributes[0])
            assert node.attributes == attributes
            yield f"{path}/{name}", node, directory
            if isinstance(node, Directory):
                open_.append((f"{path}/{name}", node))


@pytest.fixture
async def full(world: Any) -> Any:
    await world.all_kinds()
    return world


def test_kind_numbers_are_for_ever() -> None:
    assert {number: kind.__name__ for number, kind in KINDS.items()} == FROZEN


def test_a_kind_is_taken_once() -> None:
    with pytest.raises(TypeError, match="taken"):

        class Again(Fixed, kind=1):
            pass

    with pytest.raises(TypeError, match="out of range"):

        class TooHigh(Fixed, kind=64):
            pass


async def test_the_sample_has_every_kind(full: Any) -> None:
    seen = {node.kind async for _, node, _ in everything(full)}
    assert seen | {1} == set(FROZEN)


async def test_fileids_are_unique_and_tell_the_kind(full: Any) -> None:
    found = [node async for _, node, _ in everything(full)]
    assert len({node.fileid for node in found}) == len(found)
    assert all(node.fileid & 63 == node.kind and node.fileid >> 6 == node.number for node in found)


async def test_every_node_knows_its_directory(full: Any) -> None:
    async for path, node, directory in everything(full):
        assert node.parent == directory.fileid, path


async def test_lookup_and_listing_agree(full: Any) -> None:
    async for path, node, directory in everything(full):
        name = path.rpartition("/")[2]
        full.tree.forget_everything()
        found = await full.tree.lookup(directory, name)
        assert same(found) == same(node), path


async def test_a_handle_survives_a_restart(full: Any) -> None:
    again = Tree(full.catalog, full.content)
    async for path, node, _ in everything(full):
        found = await again.resolve(full.tree.handle(node))
        assert same(found) == same(node), path


def same(node: Node) -> tuple[Any, ...]:
    what = (type(node), node.fileid, node.parent, node.changed_ns, node.size, node.links)
    return (*what, getattr(node, "target", None), getattr(node, "body", None))


async def test_a_file_s_size_is_what_can_be_read(full: Any) -> None:
    sizes = {}
    async for path, node, _ in everything(full):
        if isinstance(node, File):
            sizes[path] = node.size
            assert len(await full.tree.read(node, 0, 1 << 20)) == node.size, path
            assert bytes(await full.tree.read(node, 1, 3)) == bytes(await full.tree.read(node, 0, 4))[1:], (
                path
            )
            assert await full.tree.read(node, node.size, 1) == b""
            assert await full.tree.read(node, 2**64 - 1, 2**32 - 1) == b""
    assert sizes["/runs/r1/history.jsonl"] == 16
    assert sizes["/runs/r1/files/empty"] == 0


async def test_links_count_subdirectories(full: Any) -> None:
    counts: dict[int, int] = {}
    shown: dict[int, tuple[str, int]] = {}
    async for path, node, directory in everything(full):
        if isinstance(node, Directory):
            shown[node.fileid] = (path, node.links)
            counts[directory.fileid] = counts.get(directory.fileid, 0) + 1
        else:
            assert node.links == 1, path
    for fileid, (path, links) in shown.items():
        assert links == 2 + counts.get(fileid, 0), path


async def test_every_link_leads_to_what_is_there(full: Any) -> None:
    targets = {}
    async for path, node, _ in everything(full):
        if isinstance(node, Link):
            assert node.size == len(node.target.encode())
            here = path.rpartition("/")[0].split("/")[1:]
            for step in node.target.split("/"):
                here = here[:-1] if step == ".." else [*here, step]
            assert isinstance(await full.walk("/".join(here)), Directory), path
            targets[path] = "/".join(here)
    assert targets == {
        "/projects/team/vision": "",
        "/sweeps/s1/runs/r1": "runs/r1",
        "/artifacts/types/weights/model": "artifacts/collections/model",
        "/artifacts/collections/model/latest": "artifacts/collections/model/v0",
        "/artifacts/collections/model/best": "artifacts/collections/model/v0",
    }


async def test_every_cookie_resumes(full: Any) -> None:
    seen: dict[int, Directory] = {}
    async for _, node, _ in everything(full):
        if isinstance(node, Directory):
            seen[node.fileid] = node
    for directory in [await full.tree.node(ROOT), *seen.values()]:
        whole = await full.tree.page(directory, 0, 1000)
        cookies = [cookie for cookie, _, _ in whole]
        assert cookies == sorted(set(cookies))
        assert all(2 < cookie < 2**31 for cookie in cookies)
        for place in range(len(whole) + 1):
            after = cookies[place - 1] if place else 2
            assert await full.tree.page(directory, after, 1) == whole[place : place + 1]
            assert await full.tree.page(directory, after, 1000) == whole[place:]
        assert await full.tree.page(directory, 2**64 - 1, 10) == []


async def test_no_kind_finds_what_is_not_there(full: Any) -> None:
    for number, kind in KINDS.items():
        with pytest.raises(OSError, match="gone") as caught:
            await full.tree.node(999 << 6 | number)
        assert caught.value.errno == errno.ESTALE, kind
    for number in (0, 28, 63):
        with pytest.raises(OSError, match="gone"):
            await full.tree.node(1 << 6 | number)


async def test_directories_refuse_names_that_are_not_there(full: Any) -> None:
    async for _, node, _ in everything(full):
        if isinstance(node, Directory):
            for name in ("nothing", "%2F", "%41", "x" * 222 + "~" + "0" * 32, "v9", "v01"):
                with pytest.raises(FileNotFoundError):
                    await full.tree.lookup(node, name)
        else:
            with pytest.raises(NotADirectoryError):
                await full.tree.lookup(node, "x")
            if node.type is Type.LINK:
                with pytest.raises(OSError, match="not a regular file"):
                    await full.tree.read(node, 0, 1)


def test_gone_is_stale() -> None:
    assert gone().errno == errno.ESTALE
