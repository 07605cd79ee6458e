"""Queries for entities: a user's or a team's name, above projects."""

from store.catalog import select
from store.catalog.rows import Entity
from store.catalog.session import Session
from store.catalog.sqlite import Transaction
from store.catalog.topics import Topic


async def by_id(db: Session, entity_id: int) -> Entity | None:
    """The entity of that id, or None."""
    return await select.one(db, Entity, "WHERE id = ?", entity_id)


async def by_name(db: Session, name: str) -> Entity | None:
    """The entity of that name, or None."""
    return await select.one(db, Entity, "WHERE name = ?", name)


async def page(db: Session, after_id: int, limit: int) -> list[Entity]:
    """At most `limit` of all entities with an id above `after_id`, in the order of ids."""
    return await select.every(db, Entity, "WHERE id > ? ORDER BY id LIMIT ?", after_id, limit)


async def count(db: Session) -> int:
    """How many there are."""
    return await select.number(db, "SELECT count(*) FROM entities")


async def changed_ns(db: Session) -> int:
    """When an entity appeared, changed or went last; 0 while there was none."""
    return await select.number(
        db, "SELECT max(entity_gone_ns, coalesce((SELECT max(changed_ns) FROM entities), 0)) FROM catalog"
    )


async def ensure(tx: Transaction, name: str) -> Entity:
    """The entity of that name, made if there is none."""
    found = await by_name(tx, name)
    if found is not None:
        return found
    entity_id = await tx.run(
        "INSERT INTO entities (name, created_ns, changed_ns) VALUES (?, ?, ?)", name, tx.now_ns, tx.now_ns
    )
    tx.changed(Topic.ENTITY, entity_id)
    return Entity(entity_id, name, tx.now_ns, tx.now_ns)


async def lost_project(tx: Transaction, entity_id: int) -> None:
    """A project of it went. An entity came with its first project and goes with its last."""
    at_ns = max(tx.now_ns, await changed_ns(tx) + 1)
    await tx.run("UPDATE entities SET changed_ns = ? WHERE id = ?", at_ns, entity_id)
    tx.changed(Topic.ENTITY, entity_id)
    if await tx.one("SELECT 1 FROM projects WHERE entity_id = ?", entity_id) is None:
        await tx.run("DELETE FROM entities WHERE id = ?", entity_id)
        await tx.run("UPDATE catalog SET entity_gone_ns = ?", at_ns)
