"""Queries for runs."""

from store.catalog import select
from store.catalog.rows import Run
from store.catalog.session import Session


async def by_id(db: Session, run_id: int) -> Run | None:
    """The run of that id, or None."""
    return await select.one(db, Run, "WHERE id = ?", run_id)


async def by_name(db: Session, project_id: int, name: str) -> Run | None:
    """The run of that name, or None."""
    return await select.one(db, Run, "WHERE project_id = ? AND name = ?", project_id, name)


async def by_fileset(db: Session, fileset_id: int) -> Run | None:
    """The run whose files these are, or None."""
    return await select.one(db, Run, "WHERE fileset_id = ?", fileset_id)


async def named(db: Session, name: str) -> list[Run]:
    """The runs of that name in all projects: a short id alone may be ambiguous."""
    return await select.every(db, Run, "WHERE name = ? ORDER BY id", name)


async def page(db: Session, project_id: int, after_id: int, limit: int) -> list[Run]:
    """At most `limit` of the project's runs with an id above `after_id`, in the order of ids."""
    return await select.every(
        db, Run, "WHERE project_id = ? AND id > ? ORDER BY id LIMIT ?", project_id, after_id, limit
    )


async def count(db: Session, project_id: int) -> int:
    """How many there are."""
    return await select.number(db, "SELECT count(*) FROM runs WHERE project_id = ?", project_id)


async def in_sweep(db: Session, sweep_id: int, after_id: int, limit: int) -> list[Run]:
    """A page of a sweep's runs."""
    return await select.every(
        db, Run, "WHERE sweep_id = ? AND id > ? ORDER BY id LIMIT ?", sweep_id, after_id, limit
    )


async def in_sweep_by_name(db: Session, sweep_id: int, name: str) -> Run | None:
    """The sweep's run of that name, or None."""
    return await select.one(db, Run, "WHERE sweep_id = ? AND name = ?", sweep_id, name)


async def count_in_sweep(db: Session, sweep_id: int) -> int:
    """How many runs a sweep has."""
    return await select.number(db, "SELECT count(*) FROM runs WHERE sweep_id = ?", sweep_id)
