"""Files that grow while they are read, directories that change while they are listed, names used again."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nfsd.nfs3 import types as t
from nfsd.tree.tree import Tree
from store.blobs import LocalBlobs
from store.catalog import Catalog, entries, projects, runs
from store.uploads import Content, Uploads

KEPT = 16 << 10  # what the tree keeps whole; files grow beyond it here
few = settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))


async def chunks(data: bytes) -> AsyncIterator[bytes]:
    yield data


class Moving:
    """A run's files, changed through the store and seen through NFS by servers that may start anew."""

    def __init__(self, catalog: Catalog, blobs: LocalBlobs, fileset_id: int, asked: Any) -> None:
        self.uploads = Uploads(catalog, blobs, grace_s=600.0)
        self.fileset_id = fileset_id
        self.catalog = catalog
        self._content = Content(catalog.direct, blobs)
        self._asked = asked
        self.restart()

    def restart(self) -> None:
        """Ask a server that has nothing in memory."""
        self.nfs = self._asked(SimpleNamespace(tree=Tree(self.catalog, self._content)))

    async def put(self, path: str, data: bytes) -> None:
        await self.uploads.put(self.fileset_id, path, chunks(data))

    async def entry(self, path: str) -> int:
        found = await entries.by_path(self.catalog.direct, self.fileset_id, path)
        assert found
        return found.entry.id

    async def at(self, *path: str) -> t.nfs_fh3:
        handle = await self.nfs.at()
        for name in ("runs", "r", "files", *path):
            handle = (await self.nfs.ok("LOOKUP", t.diropargs3(handle, name.encode()))).object
        return handle


def lived(asked: Any, work: Callable[[Moving], Awaitable[None]]) -> None:
    async def whole() -> None:
        with tempfile.TemporaryDirectory() as folder:
            catalog = await Catalog.open(Path(folder) / "catalog", poll_s=None)
            blobs = LocalBlobs(Path(folder) / "blobs")
            try:
                project = await catalog.write(lambda tx: projects.ensure(tx, "team", "p"))
                run = await catalog.write(lambda tx: runs.create(tx, project.id, "r"))
                await work(Moving(catalog, blobs, run.fileset_id, asked))
            finally:
                await catalog.close()
                await blobs.close()

    asyncio.run(whole())


sizes = st.one_of(st.integers(0, 40), st.sampled_from([KEPT - 1, KEPT, 5000]))
growth = st.lists(
    st.tuples(
        sizes,  # bytes appended
        st.integers(0, 100),  # where is read, in percent of the file
        st.one_of(st.sampled_from([0, 1, 2**32 - 1]), st.integers(1, 9000)),  # how much
        st.booleans(),  # whether the server starts anew first
    ),
    min_size=1,
    max_size=8,
)


@few
@given(begun=sizes, steps=growth)
def test_a_file_is_read_as_far_as_it_has_grown_by_one_handle(
    asked_class: Any, begun: int, steps: list[Any]
) -> None:
    async def work(moving: Moving) -> None:
        whole = bytes(number % 251 for number in range(begun))
        await moving.put("log", whole)
        entry, handle = await moving.entry("log"), await moving.at("log")
        changed = (await moving.nfs.ok("GETATTR", handle)).obj_attributes.mtime
        for size, percent, count, anew in steps:
            more = bytes((len(whole) + number) % 251 for number in range(size))
            await moving.uploads.append(entry, len(whole), chunks(more))
            if anew:
                moving.restart()
            whole += more
            for offset in (len(whole) * percent // 100, 2**63 + percent, 2**64 - 1 - percent):
                for _ in range(2):  # the second time the fast way answers
                    found = await moving.nfs.ok("READ", handle, offset, count)
                    due = whole[offset : offset + min(count, 1 << 20)]
                    assert (bytes(found.data), found.count) == (due, len(due))
                    assert found.eof == (offset + len(due) >= len(whole))
                    assert found.file_attributes.size == len(whole)
            now = found.file_attributes.mtime
            if size:
                assert (now.seconds, now.nseconds) > (changed.seconds, changed.nseconds)
            changed = now

    lived(asked_class, work)


step = st.tuples(
    st.booleans(),  # READDIRPLUS?
    st.sampled_from([350, 600, 1200]),  # room
    st.lists(st.integers(0, 30), max_size=6),  # which files go, by their place among those that are left
    st.integers(0, 3),  # how many come
    st.booleans(),  # whether the server starts anew
)


@few
@given(count=st.integers(0, 30), steps=st.lists(step, max_size=12))
def test_whatever_stays_is_listed_once_while_others_come_and_go(
    asked_class: Any, count: int, steps: list[Any]
) -> None:
    async def work(moving: Moving) -> None:
        there = [f"file-{number:02}" for number in range(count)]
        await moving.put("d/first", b"")
        for name in there:
            await moving.put(f"d/{name}", b"")
        directory = await moving.at("d")
        stays, ever = {"first", *there}, {"first", *there}
        seen: list[str] = []
        cookie, eof, turn = 0, False, 0
        while not eof:
            plus, room, gone, coming, anew = steps[turn] if turn < len(steps) else (True, 4096, [], 0, True)
            name, counts = ("READDIRPLUS", (room, room)) if plus else ("READDIR", (room,))
            found = await moving.nfs.ok(name, directory, cookie, bytes(8), *counts)
            cookies = [cookie, *(entry.cookie for entry in found.reply.entries)]
            assert cookies == sorted(set(cookies))
            seen += [entry.name.decode() for entry in found.reply.entries]
            cookie, eof = cookies[-1], found.reply.eof
            for place in gone:
                if place < len(there):
                    stays.discard(there[place])
                    await moving.uploads.delete([await moving.entry(f"d/{there.pop(place)}")])
            for number in range(coming):
                there.append(f"new-{turn}-{number}")
                ever.add(there[-1])
                await moving.put(f"d/{there[-1]}", b"")
            if anew:
                moving.restart()
            turn += 1
        assert seen[:2] == [".", ".."]
        assert len(seen) == len(set(seen))
        assert stays <= set(seen[2:]) <= ever

    lived(asked_class, work)


def test_a_name_that_is_used_again_is_another_file(asked_class: Any) -> None:
    async def work(moving: Moving) -> None:
        directory = await moving.at()
        await moving.put("a", b"old")
        old, again = await moving.at("a"), t.diropargs3(directory, b"a")
        await moving.uploads.delete([await moving.entry("a")])
        assert (await moving.nfs.fails("LOOKUP", again))[0] == "NOENT"
        await moving.put("a", b"new one")
        for _ in range(2):
            new = await moving.at("a")
            for handle, data, links in ((old, b"old", 0), (new, b"new one", 1)):
                found = await moving.nfs.ok("READ", handle, 0, 100)
                assert (bytes(found.data), found.file_attributes.nlink) == (data, links)
            assert found.file_attributes.fileid != (await moving.nfs.ok("GETATTR", old)).obj_attributes.fileid
            moving.restart()
        await moving.at("a")
        await moving.uploads.collect(now=True)
        for _ in range(2):
            for name, args in (("GETATTR", ()), ("ACCESS", (1,)), ("READ", (0, 1))):
                assert (await moving.nfs.fails(name, old, *args))[0] == "STALE"
                assert await moving.nfs.ok(name, new, *args)
            assert (await moving.nfs.ok("LOOKUP", again)).object == new
            moving.restart()

    lived(asked_class, work)
