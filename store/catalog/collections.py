"""Queries for artifact collections: artifacts/collections/{collection}."""

from store.catalog import select
from store.catalog.rows import Collection
from store.catalog.session import Session


async def by_id(db: Session, collection_id: int) -> Collection | None:
    """The collection of that id, or None."""
    return await select.one(db, Collection, "WHERE id = ?", collection_id)


async def by_name(db: Session, project_id: int, name: str) -> Collection | None:
    """The collection of that name, or None."""
    return await select.one(db, Collection, "WHERE project_id = ? AND name = ?", project_id, name)


async def page(db: Session, project_id: int, after_id: int, limit: int) -> list[Collection]:
    """At most `limit` of the project's collections with an id above `after_id`, in the order of ids."""
    return await select.every(
        db, Collection, "WHERE project_id = ? AND id > ? ORDER BY id LIMIT ?", project_id, after_id, limit
    )


async def count(db: Session, project_id: int) -> int:
    """How many there are."""
    return await select.number(db, "SELECT count(*) FROM collections WHERE project_id = ?", project_id)


async def of_type(db: Session, type_id: int, after_id: int, limit: int) -> list[Collection]:
    """A page of the collections of one type."""
    return await select.every(
        db, Collection, "WHERE type_id = ? AND id > ? ORDER BY id LIMIT ?", type_id, after_id, limit
    )


async def of_type_by_name(db: Session, type_id: int, name: str) -> Collection | None:
    """The type's collection of that name, or None."""
    return await select.one(db, Collection, "WHERE type_id = ? AND name = ?", type_id, name)


async def count_of_type(db: Session, type_id: int) -> int:
    """How many collections a type has."""
    return await select.number(db, "SELECT count(*) FROM collections WHERE type_id = ?", type_id)
