"""sweeps/{sweep}/: metadata.json, and a link to each of the sweep's runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from nfsd.tree import document, names
from nfsd.tree.handle import KIND_BITS
from nfsd.tree.node import Document, Fixed, Link, Listing, Node
from nfsd.tree.nodes.view import ProjectListing, Table
from store.catalog import projects, runs, sweeps
from store.catalog.rows import Run, Sweep

if TYPE_CHECKING:
    from nfsd.tree.tree import Tree


class SweepDirectory(Fixed, kind=15):
    """One sweep, whose names never change."""

    __slots__ = ()

    def __init__(self, sweep: Sweep, parent: int) -> None:
        super().__init__(sweep.id, parent, sweep.created_ns, subdirectories=1)

    @classmethod
    async def load(cls, tree: Tree, number: int) -> Node | None:
        sweep = await sweeps.by_id(tree.db, number)
        return None if sweep is None else cls(sweep, Sweeps.at(await tree.view(sweep.project_id)))

    async def members(self, tree: Tree) -> Sequence[tuple[str, int]]:
        return (("metadata.json", SweepMetadata.at(self.number)), ("runs", SweepRuns.at(self.number)))


class Sweeps(ProjectListing, kind=14):
    """sweeps/ of a project."""

    table: ClassVar[Table] = sweeps
    changed = "sweeps_changed_ns"
    entry = SweepDirectory
    __slots__ = ()


class SweepMetadata(Document, kind=16):
    """metadata.json of a sweep."""

    __slots__ = ()

    @classmethod
    async def load(cls, tree: Tree, number: int) -> Node | None:
        sweep = await sweeps.by_id(tree.db, number)
        if sweep is None:
            return None
        path = await projects.path(tree.db, sweep.project_id)
        states = await sweeps.states(tree.db, number)
        best = await sweeps.best(tree.db, sweep)
        body = document.of_sweep(sweep, path, states, best)
        return cls(number, SweepDirectory.at(number), sweep.changed_ns, body)


class SweepRuns(Listing, kind=17):
    """runs/ of a sweep: links."""

    __slots__ = ()

    @classmethod
    async def load(cls, tree: Tree, number: int) -> Node | None:
        sweep = await sweeps.by_id(tree.db, number)
        return None if sweep is None else cls(number, SweepDirectory.at(number), sweep.runs_changed_ns)

    async def rows(self, tree: Tree, after: int, limit: int) -> Sequence[Run]:
        return await runs.in_sweep(tree.db, self.number, after, limit)

    async def row(self, tree: Tree, name: str) -> Run | None:
        return await runs.in_sweep_by_name(tree.db, self.number, name)

    async def nodes(self, tree: Tree, rows: Sequence[Run], since: int) -> list[Node]:
        return [tree.keep(SweepRun(row, self.fileid), since) for row in rows]


class SweepRun(Link, kind=18):
    """A run of a sweep: a link to its directory, three levels up from the link's."""

    __slots__ = ()

    def __init__(self, run: Run, parent: int) -> None:
        super().__init__(run.id, parent, run.created_ns, f"../../../runs/{names.shown(run.name)}")

    @classmethod
    async def load(cls, tree: Tree, number: int) -> Node | None:
        run = await runs.by_id(tree.db, number)
        if run is None or run.sweep_id is None:
            return None
        return cls(run, run.sweep_id << KIND_BITS | SweepRuns.kind)
