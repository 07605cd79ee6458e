"""Queries for sweeps."""

from store.catalog import select
from store.catalog.rows import Sweep
from store.catalog.session import Session


async def by_id(db: Session, sweep_id: int) -> Sweep | None:
    """The sweep of that id, or None."""
    return await select.one(db, Sweep, "WHERE id = ?", sweep_id)


async def by_name(db: Session, project_id: int, name: str) -> Sweep | None:
    """The sweep of that name, or None."""
    return await select.one(db, Sweep, "WHERE project_id = ? AND name = ?", project_id, name)


async def named(db: Session, name: str) -> list[Sweep]:
    """The sweeps of that name in all projects."""
    return await select.every(db, Sweep, "WHERE name = ? ORDER BY id", name)


async def page(db: Session, project_id: int, after_id: int, limit: int) -> list[Sweep]:
    """At most `limit` of the project's sweeps with an id above `after_id`, in the order of ids."""
    return await select.every(
        db, Sweep, "WHERE project_id = ? AND id > ? ORDER BY id LIMIT ?", project_id, after_id, limit
    )


async def count(db: Session, project_id: int) -> int:
    """How many there are."""
    return await select.number(db, "SELECT count(*) FROM sweeps WHERE project_id = ?", project_id)
