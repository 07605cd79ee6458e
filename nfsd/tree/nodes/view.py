"""What a project shows: the root shows the default project's runs/, sweeps/ and artifacts/, projects/ the
others'.

Both are the same kinds of nodes. Their number is the project's id, or 0 under the root, so that the root's
keep their fileids whatever project it shows. Who mounted a project before the root came to show it goes on
with the other number; what is in them is one, and has the root's for its parent.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from nfsd.tree.handle import KIND_BITS
from nfsd.tree.node import ROOT, Listing, Node
from store.catalog import Session, projects
from store.catalog.rows import Project

if TYPE_CHECKING:
    from nfsd.tree.tree import Tree

PROJECT = 4
"""The kind of projects/{entity}/{project}, `nfsd.tree.nodes.projects.ProjectDirectory`."""


async def project_of(tree: Tree, number: int) -> Project | None:
    """The project that is shown under a number; None where there is none, under 0 as long as there is none
    at all."""
    return await projects.by_id(tree.db, number) if number else await projects.default(tree.db)


def above(number: int) -> int:
    """The fileid of the directory that holds runs/, sweeps/ and artifacts/ of a number."""
    return number << KIND_BITS | PROJECT if number else ROOT


class Table(Protocol):
    """A module of queries for rows that belong to projects."""

    async def count(self, db: Session, project_id: int) -> int:
        """How many there are."""

    async def page(self, db: Session, project_id: int, after_id: int, limit: int) -> Sequence[Any]:
        """Up to `limit` rows with ids above `after_id`, in the order of ids."""

    async def by_name(self, db: Session, project_id: int, name: str) -> Any:
        """The row of that name, or None."""


class ProjectListing(Listing):
    """A directory of a project's rows, which is empty and there while there is no project at all.

    A kind of it names its table, the project's column for its time, and the nodes of its entries.
    """

    table: ClassVar[Table]
    changed: ClassVar[str]
    entry: ClassVar[type[Any]]
    __slots__ = ("project_id",)

    def __init__(self, number: int, project_id: int, changed_ns: int, count: int) -> None:
        super().__init__(number, self.above(number), changed_ns, count)
        self.project_id = project_id

    @classmethod
    def above(cls, number: int) -> int:
        """The fileid of the directory that it is in."""
        return above(number)

    @classmethod
    async def load(cls, tree: Tree, number: int) -> Node | None:
        project = await project_of(tree, number)
        if project is None:
            return None if number else cls(0, 0, await tree.born_ns(), 0)
        count = await cls.table.count(tree.db, project.id)
        return cls(number, project.id, getattr(project, cls.changed), count)

    async def rows(self, tree: Tree, after: int, limit: int) -> Sequence[Any]:
        return await self.table.page(tree.db, self.project_id, after, limit)

    async def row(self, tree: Tree, name: str) -> Any:
        return await self.table.by_name(tree.db, self.project_id, name)

    async def nodes(self, tree: Tree, rows: Sequence[Any], since: int) -> list[Node]:
        parent = self.at(await tree.view(self.project_id))
        return [tree.keep(self.entry(row, parent), since) for row in rows]
