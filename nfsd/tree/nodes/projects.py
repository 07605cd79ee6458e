"""projects/{entity}/{project}/: every project; the one that the root shows is a link to the root."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from nfsd.tree.node import ROOT, Fixed, Link, Listing, Node
from nfsd.tree.nodes.artifacts import Artifacts
from nfsd.tree.nodes.runs import Runs
from nfsd.tree.nodes.sweeps import Sweeps
from nfsd.tree.nodes.view import PROJECT
from store.catalog import entities, projects
from store.catalog.rows import Entity, Project

if TYPE_CHECKING:
    from nfsd.tree.tree import Tree


class Projects(Listing, kind=2):
    """projects/: the entities."""

    __slots__ = ()

    @classmethod
    async def load(cls, tree: Tree, number: int) -> Node | None:
        if number:
            return None
        changed_ns = max(await tree.born_ns(), await entities.changed_ns(tree.db))
        return cls(0, ROOT, changed_ns, await entities.count(tree.db))

    async def rows(self, tree: Tree, after: int, limit: int) -> Sequence[Entity]:
        return await entities.page(tree.db, after, limit)

    async def row(self, tree: Tree, name: str) -> Entity | None:
        return await entities.by_name(tree.db, name)

    async def nodes(self, tree: Tree, rows: Sequence[Entity], since: int) -> list[Node]:
        return [await tree.node(EntityDirectory.at(row.id)) for row in rows]


class EntityDirectory(Listing, kind=3):
    """projects/{entity}/: its projects."""

    __slots__ = ()

    @classmethod
    async def load(cls, tree: Tree, number: int) -> Node | None:
        entity = await entities.by_id(tree.db, number)
        if entity is None:
            return None
        directories = await projects.count(tree.db, number)
        default = await projects.default(tree.db)
        if default is not None and default.entity_id == number:
            directories -= 1  # it is a link
        return cls(number, Projects.at(0), entity.changed_ns, directories)

    async def rows(self, tree: Tree, after: int, limit: int) -> Sequence[Project]:
        return await projects.page(tree.db, self.number, after, limit)

    async def row(self, tree: Tree, name: str) -> Project | None:
        return await projects.by_name(tree.db, self.number, name)

    async def nodes(self, tree: Tree, rows: Sequence[Project], since: int) -> list[Node]:
        default = await tree.default()
        return [
            tree.keep(DefaultProject(row) if row.id == default else ProjectDirectory(row), since)
            for row in rows
        ]


class ProjectDirectory(Fixed, kind=PROJECT):
    """projects/{entity}/{project}/ of a project that the root does not show.

    A handle of it stays good when the root comes to show it: a mount of the project keeps its root.
    """

    __slots__ = ()

    def __init__(self, project: Project) -> None:
        parent = EntityDirectory.at(project.entity_id)
        super().__init__(project.id, parent, project.created_ns, subdirectories=3)

    @classmethod
    async def load(cls, tree: Tree, number: int) -> Node | None:
        project = await projects.by_id(tree.db, number)
        return None if project is None else cls(project)

    async def members(self, tree: Tree) -> Sequence[tuple[str, int]]:
        number = self.number
        return (("runs", Runs.at(number)), ("sweeps", Sweeps.at(number)), ("artifacts", Artifacts.at(number)))


class DefaultProject(Link, kind=5):
    """projects/{entity}/{project} of the project that the root shows: every directory has one parent."""

    __slots__ = ()

    def __init__(self, project: Project) -> None:
        super().__init__(project.id, EntityDirectory.at(project.entity_id), project.created_ns, "../..")

    @classmethod
    async def load(cls, tree: Tree, number: int) -> Node | None:
        project = await projects.by_id(tree.db, number)
        return cls(project) if project is not None and number == await tree.default() else None
