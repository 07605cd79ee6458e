"""runs/: the runs of a project."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from nfsd.tree.node import Listing, Node
from nfsd.tree.nodes.run import RUNS, RunDirectory
from nfsd.tree.nodes.view import above, project_of
from store.catalog import runs
from store.catalog.rows import Project, Run

if TYPE_CHECKING:
    from nfsd.tree.tree import Tree


class Runs(Listing, kind=RUNS):
    """runs/ of a project."""

    __slots__ = ("project_id",)

    def __init__(self, number: int, project: Project | None, changed_ns: int, count: int) -> None:
        super().__init__(number, above(number), changed_ns, count)
        self.project_id = project.id if project else 0

    @classmethod
    async def load(cls, tree: Tree, number: int) -> Node | None:
        project = await project_of(tree, number)
        if project is None:
            return None if number else cls(0, None, await tree.born_ns(), 0)
        return cls(number, project, project.runs_changed_ns, await runs.count(tree.db, project.id))

    async def rows(self, tree: Tree, after: int, limit: int) -> Sequence[Run]:
        return await runs.page(tree.db, self.project_id, after, limit)

    async def row(self, tree: Tree, name: str) -> Run | None:
        return await runs.by_name(tree.db, self.project_id, name)

    async def nodes(self, tree: Tree, rows: Sequence[Run], since: int) -> list[Node]:
        return [tree.keep(RunDirectory(row, self.fileid), since) for row in rows]
