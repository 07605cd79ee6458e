"""Lists of runs and of projects for people: filtered, by age, a page at a time.

A page begins after the last row of the one before, so rows that appear or go shift and repeat no others.
"""

from dataclasses import dataclass
from typing import NamedTuple

from store.catalog import select
from store.catalog.rows import Fileset, Project, Run
from store.catalog.session import Session, Value


class RunRow(NamedTuple):
    """A run, its files' totals, and the id that users see of its sweep."""

    run: Run
    fileset: Fileset
    sweep: str | None


class ProjectRow(NamedTuple):
    """A project, its entity's name, how many runs it has, whether the root of the tree shows it."""

    project: Project
    entity: str
    runs: int
    is_default: bool


@dataclass(frozen=True, slots=True)
class RunFilter:
    """Which runs: all conditions that are not None hold."""

    state: str | None = None
    tag: str | None = None
    group: str | None = None
    sweep_id: int | None = None
    text: str | None = None  # in id, display name or notes; ASCII letters match in either case


async def runs(
    db: Session, project_id: int, which: RunFilter, descending: bool, after_id: int | None, limit: int
) -> list[RunRow]:
    """At most `limit` runs of a project after the one with this id, by age."""
    where, args = conditions(project_id, which)
    if after_id is not None:
        where += f" AND runs.id {'<' if descending else '>'} ?"
        args += (after_id,)
    rows = await db.all(
        f"{RUNS} WHERE {where} ORDER BY runs.id {'DESC' if descending else 'ASC'} LIMIT ?", *args, limit
    )
    return [run_row(row) for row in rows]


async def count_runs(db: Session, project_id: int, which: RunFilter) -> int:
    """How many runs of a project pass the filter."""
    where, args = conditions(project_id, which)
    return await select.number(db, f"SELECT count(*) FROM runs WHERE {where}", *args)


async def run(db: Session, run_id: int) -> RunRow | None:
    """One run, as the list gives it."""
    row = await db.one(f"{RUNS} WHERE runs.id = ?", run_id)
    return None if row is None else run_row(row)


async def projects(db: Session, only: int | None, after_id: int, limit: int) -> list[ProjectRow]:
    """At most `limit` projects of all entities with a higher id than `after_id`.

    With `only`, that one alone.
    """
    rows = await db.all(
        f"{_PROJECTS} WHERE projects.id > ? AND projects.id = coalesce(?, projects.id)"
        " ORDER BY projects.id LIMIT ?",
        *(after_id, only, limit),
    )
    return [ProjectRow(Project._make(row[:-3]), row[-3], row[-2], bool(row[-1])) for row in rows]


async def count_projects(db: Session, only: int | None) -> int:
    """How many projects a page-by-page listing gives."""
    return await select.number(
        db, "SELECT count(*) FROM projects WHERE id = coalesce(?, id) AND entity_id IS NOT NULL", only
    )


_RUN = len(Run._fields)
_FILESET = _RUN + len(Fileset._fields)
RUNS = (
    f"SELECT {select.columns(Run)}, {select.columns(Fileset)}, sweeps.name FROM runs"
    " JOIN filesets ON filesets.id = runs.fileset_id LEFT JOIN sweeps ON sweeps.id = runs.sweep_id"
)
_PROJECTS = (
    f"SELECT {select.columns(Project)}, entities.name,"
    " (SELECT count(*) FROM runs WHERE runs.project_id = projects.id),"
    " projects.id = (SELECT default_project_id FROM catalog)"
    " FROM projects JOIN entities ON entities.id = projects.entity_id"
)


def run_row(row: tuple[object, ...]) -> RunRow:
    """What a row of a RUNS query is."""
    sweep = row[_FILESET]
    return RunRow(
        Run._make(row[:_RUN]), Fileset._make(row[_RUN:_FILESET]), None if sweep is None else str(sweep)
    )


def conditions(project_id: int, which: RunFilter) -> tuple[str, tuple[Value, ...]]:
    """The WHERE clause of a filter, and its arguments."""
    where = "runs.project_id = ?"
    args: tuple[Value, ...] = (project_id,)
    for column, value in (
        ("runs.state", which.state),
        ("runs.group_name", which.group),
        ("runs.sweep_id", which.sweep_id),
    ):
        if value is not None:
            where += f" AND {column} = ?"
            args += (value,)
    if which.tag is not None:
        where += " AND EXISTS (SELECT 1 FROM json_each(runs.tags) AS tag WHERE tag.value = ?)"
        args += (which.tag,)
    if which.text is not None:
        like = " LIKE ? ESCAPE '\\'"
        where += f" AND (runs.name{like} OR runs.display_name{like} OR runs.notes{like})"
        args += (_anywhere(which.text),) * 3
    return where, args


def _anywhere(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"
