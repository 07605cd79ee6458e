"""artifacts/: collections of versions with their aliases, and types, which list the collections once more."""

from __future__ import annotations

import heapq
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from nfsd.tree import document, names
from nfsd.tree.node import FIRST_COOKIE, Directory, Document, Entry, Fixed, Link, Listing, Node
from nfsd.tree.nodes.files import ARTIFACT, Files
from nfsd.tree.nodes.view import ProjectListing, Table, above, project_of
from store.catalog import aliases, artifact_types, artifacts, collections, filesets, runs
from store.catalog.rows import Alias, Artifact, ArtifactType, Collection

if TYPE_CHECKING:
    from nfsd.tree.tree import Tree

_VERSION = re.compile(r"v(0|[1-9][0-9]{0,17})\Z")


class Artifacts(Fixed, kind=19):
    """artifacts/ of a project, whose names never change."""

    __slots__ = ()

    @classmethod
    async def load(cls, tree: Tree, number: int) -> Node | None:
        project = await project_of(tree, number)
        if project is None and number:
            return None
        changed_ns = project.created_ns if project else await tree.born_ns()
        return cls(number, above(number), changed_ns, subdirectories=2)

    async def members(self, tree: Tree) -> Sequence[tuple[str, int]]:
        return (("types", Types.at(self.number)), ("collections", Collections.at(self.number)))


class TypeDirectory(Listing, kind=21):
    """artifacts/types/{type}/: links to the collections of that type."""

    __slots__ = ()

    def __init__(self, row: ArtifactType, parent: int) -> None:
        super().__init__(row.id, parent, row.changed_ns)

    @classmethod
    async def load(cls, tree: Tree, number: int) -> Node | None:
        row = await artifact_types.by_id(tree.db, number)
        return None if row is None else cls(row, Types.at(await tree.view(row.project_id)))

    async def rows(self, tree: Tree, after: int, limit: int) -> Sequence[Collection]:
        return await collections.of_type(tree.db, self.number, after, limit)

    async def row(self, tree: Tree, name: str) -> Collection | None:
        return await collections.of_type_by_name(tree.db, self.number, name)

    async def nodes(self, tree: Tree, rows: Sequence[Collection], since: int) -> list[Node]:
        return [tree.keep(TypeLink(row), since) for row in rows]


class Types(ProjectListing, kind=20):
    """artifacts/types/."""

    table: ClassVar[Table] = artifact_types
    changed = "artifacts_changed_ns"
    entry = TypeDirectory
    __slots__ = ()

    @classmethod
    def above(cls, number: int) -> int:
        return Artifacts.at(number)


class TypeLink(Link, kind=22):
    """A collection among those of its type."""

    __slots__ = ()

    def __init__(self, row: Collection) -> None:
        target = f"../../collections/{names.shown(row.name)}"
        super().__init__(row.id, TypeDirectory.at(row.type_id), row.created_ns, target)

    @classmethod
    async def load(cls, tree: Tree, number: int) -> Node | None:
        row = await collections.by_id(tree.db, number)
        return None if row is None else cls(row)


class Collections(ProjectListing, kind=23):
    """artifacts/collections/."""

    table: ClassVar[Table] = collections
    changed = "artifacts_changed_ns"
    __slots__ = ()

    @classmethod
    def above(cls, number: int) -> int:
        return Artifacts.at(number)

    async def nodes(self, tree: Tree, rows: Sequence[Collection], since: int) -> list[Node]:
        return [await tree.node(CollectionDirectory.at(row.id)) for row in rows]


class CollectionDirectory(Directory, kind=24):
    """artifacts/collections/{collection}/: v0, v1, ... and the aliases, in the order of two interleaved ids.

    An alias named like a version, which only another door can bring in, is shown with its "v" encoded.
    """

    __slots__ = ()

    @classmethod
    async def load(cls, tree: Tree, number: int) -> Node | None:
        row = await collections.by_id(tree.db, number)
        if row is None:
            return None
        parent = Collections.at(await tree.view(row.project_id))
        return cls(number, parent, row.changed_ns, await artifacts.count(tree.db, number))

    async def child(self, tree: Tree, name: str) -> Node | None:
        since = tree.forgotten
        version = _VERSION.match(name)
        if version:
            row = await artifacts.by_number(tree.db, self.number, int(version[1]))
            return None if row is None else tree.keep(ArtifactDirectory(row), since)
        if names.is_shortened(name):
            found = [
                attributes[0] for _, shown, attributes in await self._aliases(tree, 0, -1) if shown == name
            ]
            return await tree.node(found[0]) if found else None
        original = _alias_of(name)
        alias = None if original is None else await aliases.by_name(tree.db, self.number, original)
        return None if alias is None else await self._link(tree, alias, since)

    async def page(self, tree: Tree, after: int, limit: int) -> list[Entry]:
        since = tree.forgotten
        last = max(0, after - FIRST_COOKIE)
        rows = await artifacts.page(tree.db, self.number, last // 2, limit)
        directories: list[Entry] = [
            (row.id * 2 + FIRST_COOKIE, f"v{row.number}", tree.keep(ArtifactDirectory(row), since).attributes)
            for row in rows
        ]
        links = await self._aliases(tree, max(0, last - 1) // 2, limit)
        return [*heapq.merge(directories, links)][:limit]

    async def _aliases(self, tree: Tree, after: int, limit: int) -> list[Entry]:
        since = tree.forgotten
        return [
            (row.id * 2 + 1 + FIRST_COOKIE, _shown(row.name), (await self._link(tree, row, since)).attributes)
            for row in await aliases.page(tree.db, self.number, after, limit)
        ]

    async def _link(self, tree: Tree, alias: Alias, since: int) -> Node:
        kept = tree.known(AliasLink.at(alias.id))
        if kept is not None:
            return kept
        artifact = await artifacts.by_id(tree.db, alias.artifact_id)
        number = artifact.number if artifact else None
        return tree.keep(AliasLink(alias, number), since)


class ArtifactDirectory(Fixed, kind=ARTIFACT):
    """One committed version: metadata.json and files/."""

    __slots__ = ("files",)

    def __init__(self, artifact: Artifact) -> None:
        parent = CollectionDirectory.at(artifact.collection_id)
        super().__init__(artifact.id, parent, artifact.created_ns, subdirectories=1, settled=True)
        self.files = Files.at(artifact.fileset_id)

    @classmethod
    async def load(cls, tree: Tree, number: int) -> Node | None:
        artifact = await artifacts.by_id(tree.db, number)
        return None if artifact is None or artifact.number is None else cls(artifact)

    async def members(self, tree: Tree) -> Sequence[tuple[str, int]]:
        return (("metadata.json", ArtifactMetadata.at(self.number)), ("files", self.files))


class ArtifactMetadata(Document, kind=26):
    """metadata.json of an artifact version."""

    __slots__ = ()

    @classmethod
    async def load(cls, tree: Tree, number: int) -> Node | None:
        db = tree.db
        artifact = await artifacts.by_id(db, number)
        collection = await collections.by_id(db, artifact.collection_id) if artifact else None
        kind = await artifact_types.by_id(db, collection.type_id) if collection else None
        if artifact is None or artifact.number is None or collection is None or kind is None:
            return None
        run = None if artifact.run_id is None else await runs.by_id(db, artifact.run_id)
        body = document.of_artifact(
            artifact,
            type_name=kind.name,
            collection=collection.name,
            aliases=[alias.name for alias in await aliases.of_artifact(db, number)],
            run=run.name if run else None,
            files=await filesets.by_id(db, artifact.fileset_id),
        )
        return cls(number, ArtifactDirectory.at(number), artifact.changed_ns, body, settled=True)


class AliasLink(Link, kind=27):
    """An alias, "latest" for example: a link to the version beside it. A moved alias is another one."""

    __slots__ = ()

    def __init__(self, alias: Alias, number: int | None) -> None:
        parent = CollectionDirectory.at(alias.collection_id)
        super().__init__(alias.id, parent, alias.created_ns, f"v{number}")

    @classmethod
    async def load(cls, tree: Tree, number: int) -> Node | None:
        alias = await aliases.by_id(tree.db, number)
        artifact = await artifacts.by_id(tree.db, alias.artifact_id) if alias else None
        return cls(alias, artifact.number) if alias and artifact else None


def _shown(alias: str) -> str:
    """An alias as a component; one that looks like a version has its first letter encoded."""
    return f"%76{alias[1:]}" if _VERSION.match(alias) else names.shown(alias)


def _alias_of(component: str) -> str | None:
    """The alias behind a component that is neither a version nor shortened."""
    if component.startswith("%76") and _VERSION.match(f"v{component[3:]}"):
        return f"v{component[3:]}"
    return names.original(component)
