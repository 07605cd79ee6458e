"""The root: the default project's three directories, and projects/ for all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from nfsd.tree.node import ROOT, Fixed, Node
from nfsd.tree.nodes.artifacts import Artifacts
from nfsd.tree.nodes.projects import Projects
from nfsd.tree.nodes.runs import Runs
from nfsd.tree.nodes.sweeps import Sweeps

if TYPE_CHECKING:
    from nfsd.tree.tree import Tree


class Root(Fixed, kind=1):
    """/, whose names never change."""

    __slots__ = ()

    @classmethod
    async def load(cls, tree: Tree, number: int) -> Node | None:
        return None if number else cls(0, ROOT, await tree.born_ns(), subdirectories=4)

    async def members(self, tree: Tree) -> Sequence[tuple[str, int]]:
        return (
            ("runs", Runs.at(0)),
            ("sweeps", Sweeps.at(0)),
            ("artifacts", Artifacts.at(0)),
            ("projects", Projects.at(0)),
        )
