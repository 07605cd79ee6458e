"""What a project shows: the root shows the default project's runs/, sweeps/ and artifacts/, projects/ the
others'.

Both are the same kinds of nodes. Their number is the project's id, or 0 under the root, so that the root's
keep their fileids whatever project it shows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nfsd.tree.handle import KIND_BITS
from nfsd.tree.node import ROOT
from store.catalog import projects
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
