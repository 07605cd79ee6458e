"""runs/: the runs of a project."""

from __future__ import annotations

from typing import ClassVar

from nfsd.tree.nodes.run import RUNS, RunDirectory
from nfsd.tree.nodes.view import ProjectListing, Table
from store.catalog import runs


class Runs(ProjectListing, kind=RUNS):
    """runs/ of a project."""

    table: ClassVar[Table] = runs
    changed = "runs_changed_ns"
    entry = RunDirectory
    __slots__ = ()
