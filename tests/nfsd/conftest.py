"""A catalog with something in it, and its tree."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from nfsd.tree.node import ROOT, Node
from nfsd.tree.tree import Tree
from store.catalog import Catalog, artifacts, collections, lines, projects, runs, sweeps
from store.catalog.rows import Artifact, Project, Run, Sweep
from store.catalog.sqlite import Transaction
from store.catalog.topics import Topic


@dataclass
class Bytes:
    """The content of versions, in a dictionary."""

    versions: dict[int, bytes] = field(default_factory=dict)
    error: Exception | None = None
    reads: int = 0
    warm: bool = False

    async def read(self, version_id: int, offset: int, count: int) -> bytes:
        self.reads += 1
        if self.error:
            raise self.error
        return self.versions[version_id][offset : offset + count]

    async def only_blob(self, version_id: int, size: int) -> str | None:
        return f"blob {version_id}"

    def at_hand(self, key: str, offset: int, count: int) -> memoryview | None:
        whole = self.versions[int(key.split()[1])]
        return memoryview(whole)[offset : offset + count] if self.warm else None

    async def fetch(self, key: str, offset: int, count: int, size: int) -> bytes:
        return await self.read(int(key.split()[1]), offset, count)


@dataclass
class World:
    """What tests put into a catalog, with the changes that the store would tell."""

    catalog: Catalog
    content: Bytes
    tree: Tree

    async def project(self, entity: str = "team", name: str = "vision") -> Project:
        return await self.catalog.write(lambda tx: projects.ensure(tx, entity, name))

    async def run(self, name: str = "r1", **columns: object) -> Run:
        project = await self.project()
        return await self.catalog.write(lambda tx: runs.create(tx, project.id, name, **columns))  # type: ignore[arg-type]

    async def file(self, fileset_id: int, path: str, data: bytes = b"hello\n") -> int:
        """A new file; gives its version."""

        async def work(tx: Transaction) -> int:
            parent = 0
            *folders, name = path.split("/")
            for depth, folder in enumerate(folders, 1):
                parent = await self._folder(tx, fileset_id, parent, folder, "/".join(folders[:depth]))
            entry = await self._entry(tx, fileset_id, parent, name, path)
            version = await tx.run(
                "INSERT INTO versions (entry_id, fileset_id, number, size, content_type,"
                " created_ns, changed_ns) VALUES (?, ?, 1, ?, 'text/plain', ?, ?)",
                *(entry, fileset_id, len(data), tx.now_ns, tx.now_ns),
            )
            await tx.run("UPDATE entries SET version_id = ? WHERE id = ?", version, entry)
            await tx.run(
                "UPDATE filesets SET files = files + 1, bytes = bytes + ? WHERE id = ?", len(data), fileset_id
            )
            self.content.versions[version] = data
            return version

        return await self.catalog.write(work)

    async def _folder(self, tx: Transaction, fileset_id: int, parent: int, name: str, path: str) -> int:
        found = await tx.one("SELECT id FROM entries WHERE fileset_id = ? AND path = ?", fileset_id, path)
        if found:
            return int(found[0])
        table, key = ("entries", parent) if parent else ("filesets", fileset_id)
        await tx.run(f"UPDATE {table} SET subdirectories = subdirectories + 1 WHERE id = ?", key)
        return await self._entry(tx, fileset_id, parent, name, path)

    async def _entry(self, tx: Transaction, fileset_id: int, parent: int, name: str, path: str) -> int:
        entry = await tx.run(
            "INSERT INTO entries (fileset_id, parent_id, name, path, created_ns, changed_ns)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            *(fileset_id, parent, name, path, tx.now_ns, tx.now_ns),
        )
        tx.changed(Topic.ENTRY, entry, parent)
        if parent:
            await tx.run(
                "UPDATE entries SET changed_ns = max(?, changed_ns + 1) WHERE id = ?", tx.now_ns, parent
            )
            tx.changed(Topic.DIRECTORY, parent, 0)
        else:
            await tx.run(
                "UPDATE filesets SET changed_ns = max(?, changed_ns + 1) WHERE id = ?", tx.now_ns, fileset_id
            )
            tx.changed(Topic.FILESET, fileset_id, 0)
        return entry

    async def walk(self, path: str) -> Node:
        """The node at a path; links are not followed."""
        node = await self.tree.node(ROOT)
        for name in filter(None, path.split("/")):
            node = await self.tree.lookup(node, name)
        return node

    async def names(self, path: str) -> list[str]:
        """The names in the directory at a path, in the order of a listing."""
        return [name for _, name, _ in await self.tree.page(await self.walk(path), 0, 10_000)]

    async def read(self, path: str) -> bytes:
        """The bytes of the file at a path."""
        node = await self.walk(path)
        return bytes(await self.tree.read(node, 0, 1 << 20))

    async def sweep(self, name: str = "s1", config: str = "{}") -> Sweep:
        project = await self.project()
        return await self.catalog.write(lambda tx: sweeps.create(tx, project.id, name, config=config))

    async def artifact(self, name: str = "model", type_name: str = "weights", *alias: str) -> Artifact:
        """A committed version with one file."""
        project = await self.project()

        async def begin(tx: Transaction) -> Artifact:
            return await artifacts.create(tx, await collections.ensure(tx, project.id, type_name, name))

        artifact = await self.catalog.write(begin)
        await self.file(artifact.fileset_id, "w.bin", b"w" * 10)
        return await self.catalog.write(lambda tx: artifacts.commit(tx, artifact.id, alias))

    async def all_kinds(self) -> None:
        """Put at least one of everything into the catalog."""
        sweep = await self.sweep()
        run = await self.run("r1", sweep_id=sweep.id)
        await self.file(run.fileset_id, "logs/a/b.txt")
        await self.file(run.fileset_id, "empty", b"")
        for stream in (lines.HISTORY, lines.CONSOLE):
            await self.catalog.write(
                lambda tx, stream=stream: lines.append(tx, run.id, stream, 0, [b'{"x":1}', b'{"x":2}'])
            )
        await self.artifact("model", "weights", "best")
        await self.project("other", "second")


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """An empty catalog with its tree; it looks for other processes' changes only when polled."""
    catalog = await Catalog.open(tmp_path / "catalog.sqlite", poll_s=None)
    content = Bytes()
    yield World(catalog, content, Tree(catalog, content))
    await catalog.close()
