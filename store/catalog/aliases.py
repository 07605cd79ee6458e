"""Queries for aliases: names like "latest" beside a collection's versions. A moved alias is a new row."""

from store.catalog import select
from store.catalog.rows import Alias
from store.catalog.session import Session


async def by_id(db: Session, alias_id: int) -> Alias | None:
    """The alias of that id, or None."""
    return await select.one(db, Alias, "WHERE id = ?", alias_id)


async def by_name(db: Session, collection_id: int, name: str) -> Alias | None:
    """The alias of that name, or None."""
    return await select.one(db, Alias, "WHERE collection_id = ? AND name = ?", collection_id, name)


async def page(db: Session, collection_id: int, after_id: int, limit: int) -> list[Alias]:
    """At most `limit` of the collection's aliases with an id above `after_id`, in the order of ids."""
    return await select.every(
        db, Alias, "WHERE collection_id = ? AND id > ? ORDER BY id LIMIT ?", collection_id, after_id, limit
    )


async def count(db: Session, collection_id: int) -> int:
    """How many aliases the collection has."""
    return await select.number(db, "SELECT count(*) FROM aliases WHERE collection_id = ?", collection_id)


async def of_artifact(db: Session, artifact_id: int) -> list[Alias]:
    """The aliases that point at one version, oldest first."""
    return await select.every(db, Alias, "WHERE artifact_id = ? ORDER BY id", artifact_id)
