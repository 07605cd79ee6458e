"""Nothing stale: changes through the store between NFS calls of every kind, each reply against the catalog.

A world is a list of steps, each a change. After each, a server that lived through all of them is asked for
everything, twice, and one that was just started and has nothing in memory; they must say the same.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nfsd.nfs3 import types as t
from nfsd.tree.node import Directory, File, Link
from nfsd.tree.tree import Tree
from store.blobs import LocalBlobs
from store.catalog import (
    Catalog,
    Transaction,
    aliases,
    artifacts,
    collections,
    entries,
    lines,
    projects,
    runs,
    sweeps,
)
from store.errors import Conflict, StoreError
from store.uploads import Content, Uploads

NAMES = ("a", "b", "c")
PATHS = ("x", "y", "d/x", "d/y", "d/e/z")
CHANGES = (
    "run", "finish", "summary", "log", "print", "put", "append", "delete", "drop_run",
    "sweep", "drop_sweep", "artifact", "alias", "drop_artifact", "project", "default",
)  # fmt: skip
step = st.tuples(st.sampled_from(CHANGES), st.sampled_from(NAMES), st.sampled_from(PATHS), st.integers(0, 3))


async def chunks(data: bytes) -> AsyncIterator[bytes]:
    yield data


class Lived:
    """A catalog and a server that lives through all the changes."""

    def __init__(self, catalog: Catalog, blobs: LocalBlobs, asked: Any) -> None:
        self.catalog = catalog
        self.uploads = Uploads(catalog, blobs, grace_s=0.0, versions_kept=2)
        self.content = Content(catalog.direct, blobs)
        self.asked = asked
        self.server = self.start()

    def start(self) -> Any:
        return self.asked(SimpleNamespace(tree=Tree(self.catalog, self.content), catalog=self.catalog))

    async def _project(self, name: str = "p") -> int:
        return (await self.catalog.write(lambda tx: projects.ensure(tx, "team", name))).id

    async def _run(self, name: str) -> Any:
        found = await runs.by_name(self.catalog.direct, await self._project(), name)
        return found or await self.run(name, "", 0)

    async def run(self, name: str, path: str, number: int) -> Any:
        project = await self._project()
        sweep = await sweeps.by_name(self.catalog.direct, project, name)
        columns = {"sweep_id": sweep.id} if sweep else {}
        return await self.catalog.write(lambda tx: runs.create(tx, project, name, **columns))

    async def finish(self, name: str, path: str, number: int) -> None:
        run = await self._run(name)
        await self.catalog.write(lambda tx: runs.finish(tx, run.id, number))

    async def summary(self, name: str, path: str, number: int) -> None:
        run = await self._run(name)
        await self.catalog.write(lambda tx: runs.merge(tx, run.id, {path: 1}, {"loss": number}))

    async def log(self, name: str, path: str, number: int, stream: int = lines.HISTORY) -> None:
        run = await self._run(name)
        first = run.console_lines if stream else run.history_lines
        await self.catalog.write(lambda tx: lines.append(tx, run.id, stream, first, [b'{"x":%d}' % number]))

    async def print(self, name: str, path: str, number: int) -> None:
        await self.log(name, path, number, lines.CONSOLE)

    async def put(self, name: str, path: str, number: int) -> None:
        run = await self._run(name)
        await self.uploads.put(
            run.fileset_id, path, chunks(bytes([65 + number]) * (20_000 if number == 3 else number))
        )

    async def _entry(self, name: str, path: str) -> Any:
        run = await self._run(name)
        return await entries.by_path(self.catalog.direct, run.fileset_id, path)

    async def append(self, name: str, path: str, number: int) -> None:
        found = await self._entry(name, path)
        if found and found.version:
            await self.uploads.append(found.entry.id, found.version.size, chunks(b"+" * number))

    async def delete(self, name: str, path: str, number: int) -> None:
        found = await self._entry(name, path)
        if found:
            await self.uploads.delete([found.entry.id])

    async def drop_run(self, name: str, path: str, number: int) -> None:
        run = await self._run(name)
        await self.catalog.write(lambda tx: runs.delete(tx, run.id))

    async def sweep(self, name: str, path: str, number: int) -> None:
        project = await self._project()
        config = '{"metric":{"name":"loss"}}'
        await self.catalog.write(lambda tx: sweeps.create(tx, project, name, config=config))

    async def drop_sweep(self, name: str, path: str, number: int) -> None:
        found = await sweeps.by_name(self.catalog.direct, await self._project(), name)
        if found:
            await self.catalog.write(lambda tx: sweeps.delete(tx, found.id))

    async def artifact(self, name: str, path: str, number: int) -> None:
        project = await self._project()
        run = await runs.by_name(self.catalog.direct, project, name)

        async def begin(tx: Transaction) -> Any:
            collection = await collections.ensure(tx, project, "kind", name)
            return await artifacts.create(tx, collection, run.id if run else None)

        made = await self.catalog.write(begin)
        await self.uploads.put(made.fileset_id, path, chunks(b"w" * number))
        if number:
            await self.catalog.write(lambda tx: artifacts.commit(tx, made.id, ["best"]))

    async def _newest(self, name: str) -> Any:
        row = await collections.by_name(self.catalog.direct, await self._project(), name)
        return await artifacts.newest(self.catalog.direct, row.id) if row else None

    async def alias(self, name: str, path: str, number: int) -> None:
        row = await collections.by_name(self.catalog.direct, await self._project(), name)
        found = await artifacts.by_number(self.catalog.direct, row.id, number) if row else None
        if found:
            await self.catalog.write(lambda tx: aliases.point(tx, found.collection_id, "best", found.id))

    async def drop_artifact(self, name: str, path: str, number: int) -> None:
        found = await self._newest(name)
        if found:
            await self.catalog.write(lambda tx: artifacts.delete(tx, found.id))

    async def project(self, name: str, path: str, number: int) -> None:
        await self._project(name)

    async def default(self, name: str, path: str, number: int) -> None:
        project = await self._project(name if number else "p")
        await self.catalog.write(lambda tx: projects.set_default(tx, project))


async def seen(asked: Any, directory: t.nfs_fh3, path: str = "") -> dict[str, Any]:
    """All that a client sees from a directory down, by every kind of call."""
    found: dict[str, Any] = {path: (await asked.ok("GETATTR", directory)).obj_attributes}
    plus = await asked.ok("READDIRPLUS", directory, 0, bytes(8), 65536, 65536)
    plain = await asked.ok("READDIR", directory, 0, bytes(8), 65536)
    assert [e.name for e in plain.reply.entries] == [e.name for e in plus.reply.entries]
    assert plus.dir_attributes == found[path]
    for entry in plus.reply.entries[2:]:
        name = f"{path}/{entry.name.decode()}"
        looked = await asked.ok("LOOKUP", t.diropargs3(directory, entry.name))
        assert (looked.object, looked.obj_attributes) == (entry.name_handle, entry.name_attributes), name
        attributes = (await asked.ok("ACCESS", looked.object, 1)).obj_attributes
        assert attributes == looked.obj_attributes, name
        node = await asked.world.tree.resolve(looked.object.data)
        if isinstance(node, Directory):
            found |= await seen(asked, looked.object, name)
        elif isinstance(node, Link):
            found[name] = (attributes, (await asked.ok("READLINK", looked.object)).data)
        else:
            assert isinstance(node, File)
            read = await asked.ok("READ", looked.object, 0, 1 << 20)
            assert (len(read.data), read.eof) == (attributes.size, True), name
            found[name] = (attributes, read.data)
    return found


async def live(steps: list[Any], asked: Any) -> None:
    with tempfile.TemporaryDirectory() as folder:
        catalog = await Catalog.open(Path(folder) / "catalog", poll_s=None)
        blobs = LocalBlobs(Path(folder) / "blobs")
        try:
            lived = Lived(catalog, blobs, asked)
            for change, name, path, number in steps:
                try:
                    await getattr(lived, change)(name, path, number)
                except (Conflict, StoreError):
                    continue  # refused, so nothing changed; the next look proves it
                root = await lived.server.at()
                for _ in range(2):  # the second time the fast way answers
                    now = await seen(lived.server, root)
                assert now == await seen(lived.start(), root), (change, name, path, number)
        finally:
            await catalog.close()
            await blobs.close()


@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(step, min_size=3, max_size=12))
def test_no_reply_is_older_than_the_catalog(asked_class: Any, steps: list[Any]) -> None:
    asyncio.run(live(steps, asked_class))


def test_every_change_once(asked_class: Any) -> None:
    in_a_sweep = [
        (change, "b", "d/x", number) for number, change in enumerate(("sweep", "run", "summary"), 1)
    ]
    directory = [("put", "b", path, 1) for path in ("d/x", "d/y", "d/e/z")]
    rest = [(change, "b", "d/y", 1) for change in ("summary", "finish", "delete", "artifact", "drop_run")]
    asyncio.run(live(in_a_sweep + directory + rest, asked_class))


def test_every_change_once_more(asked_class: Any) -> None:
    steps = [(change, "a", path, 1) for change in CHANGES for path in ("x", "d/x")]
    asyncio.run(live(steps + [step for step in steps if not step[0].startswith("drop")], asked_class))
