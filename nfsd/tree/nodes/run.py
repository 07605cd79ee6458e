"""runs/{run}/: metadata.json, history.jsonl, output.log and files/."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from nfsd.tree import document
from nfsd.tree.handle import KIND_BITS
from nfsd.tree.node import Document, File, Fixed, Node
from nfsd.tree.nodes.files import RUN, Files
from store.catalog import filesets, lines, projects, runs, sweeps
from store.catalog.rows import Run

if TYPE_CHECKING:
    from nfsd.tree.tree import Tree

RUNS = 6
"""The kind of the directory above, `nfsd.tree.nodes.runs.Runs`."""


ON_LOOP_BYTES = 64 << 10
"""Lines up to this many bytes are read in place, in 1 ms; a MiB of them would stop the loop for 18."""


class RunDirectory(Fixed, kind=RUN):
    """One run. history.jsonl and output.log are there from their first line on."""

    __slots__ = ("console", "files", "history")

    def __init__(self, run: Run, parent: int) -> None:
        super().__init__(
            run.id, parent, run.names_changed_ns, subdirectories=1, settled=run.state in runs.ENDED
        )
        self.history = run.history_changed_ns is not None
        self.console = run.console_changed_ns is not None
        self.files = Files.at(run.fileset_id)

    @classmethod
    async def load(cls, tree: Tree, number: int) -> Node | None:
        run = await runs.by_id(tree.db, number)
        return None if run is None else cls(run, await runs_at(tree, run.project_id))

    async def members(self, tree: Tree) -> Sequence[tuple[str, int]]:
        number = self.number
        return (
            ("metadata.json", RunMetadata.at(number)),
            ("history.jsonl", History.at(number) if self.history else 0),
            ("output.log", Console.at(number) if self.console else 0),
            ("files", self.files),
        )


class RunMetadata(Document, kind=8):
    """metadata.json of a run."""

    __slots__ = ()

    @classmethod
    async def load(cls, tree: Tree, number: int) -> Node | None:
        db = tree.db
        run = await runs.by_id(db, number)
        if run is None:
            return None
        sweep = None if run.sweep_id is None else await sweeps.by_id(db, run.sweep_id)
        files = await filesets.by_id(db, run.fileset_id)
        path = await projects.path(db, run.project_id)
        body = document.of_run(run, path, sweep.name if sweep else None, files)
        return cls(number, RunDirectory.at(number), run.changed_ns, body, run.state in runs.ENDED)


class Lines(File):
    """A file made of a run's lines, there from its first line on."""

    stream: ClassVar[int]
    columns: ClassVar[tuple[str, str]]  # of the run: its time of change, NULL before the first line; its size
    __slots__ = ()

    @classmethod
    async def load(cls, tree: Tree, number: int) -> Node | None:
        run = await runs.by_id(tree.db, number)
        if run is None:
            return None
        changed_ns, size = (getattr(run, column) for column in cls.columns)
        if changed_ns is None:
            return None
        return cls(number, RunDirectory.at(number), changed_ns, size, settled=run.state in runs.ENDED)

    async def read(self, tree: Tree, offset: int, count: int) -> bytes | memoryview:
        db = tree.db if count <= ON_LOOP_BYTES else tree.off_loop
        return await lines.read(db, self.number, self.stream, offset, count)


class History(Lines, kind=9):
    """history.jsonl: what the run logged, one JSON object a line."""

    stream = lines.HISTORY
    columns = ("history_changed_ns", "history_bytes")
    __slots__ = ()


class Console(Lines, kind=10):
    """output.log: what the run printed, where its client sends that."""

    stream = lines.CONSOLE
    columns = ("console_changed_ns", "console_bytes")
    __slots__ = ()


async def runs_at(tree: Tree, project_id: int) -> int:
    """The fileid of runs/ of a project."""
    return await tree.view(project_id) << KIND_BITS | RUNS
