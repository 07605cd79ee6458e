"""Queries for artifact collections: artifacts/collections/{collection}."""

from store.catalog import artifact_types, living, select
from store.catalog.rows import Collection
from store.catalog.session import Session
from store.catalog.sqlite import Transaction
from store.catalog.topics import Topic
from store.errors import Absent, Conflict
from store.names import check_name


async def by_id(db: Session, collection_id: int) -> Collection | None:
    """The collection of that id, or None."""
    return await select.one(
        db, Collection, f"WHERE id = ? AND {living.by_project('collections')}", collection_id
    )


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


async def ensure(tx: Transaction, project_id: int, kind: str, name: str) -> Collection:
    """The collection of that name, made with its type if the project has none.

    Errors: Conflict when it is of another type, Refused for a name that is none.
    """
    found = await by_name(tx, project_id, check_name(name, "artifact name"))
    of = await artifact_types.ensure(tx, project_id, kind)
    if found is not None:
        if found.type_id != of.id:
            raise Conflict(f"the artifact {name} is there already, of another type than {kind}")
        return found
    collection_id = await tx.run(
        "INSERT INTO collections (project_id, type_id, name, created_ns, changed_ns) VALUES (?, ?, ?, ?, ?)",
        *(project_id, of.id, name, tx.now_ns, tx.now_ns),
    )
    await artifact_types.touch(tx, of.id, project_id)
    return await touch(tx, collection_id)


async def describe(tx: Transaction, collection_id: int, description: str) -> Collection:
    """Change a collection's description. Absent without such a collection."""
    await tx.run("UPDATE collections SET description = ? WHERE id = ?", description, collection_id)
    return await touch(tx, collection_id)


async def touch(tx: Transaction, collection_id: int) -> Collection:
    """A version or an alias in it appeared or went, or it is described anew.

    Absent without such a collection.
    """
    await tx.run(
        "UPDATE collections SET changed_ns = max(?, changed_ns + 1) WHERE id = ?", tx.now_ns, collection_id
    )
    collection = await by_id(tx, collection_id)
    if collection is None:
        raise Absent(f"there is no artifact collection {collection_id}, or not any more")
    tx.changed(Topic.COLLECTION, collection_id, collection.project_id)
    return collection


async def take_number(tx: Transaction, collection_id: int) -> int:
    """The number for the collection's next version, never given again."""
    sql = "UPDATE collections SET next_number = next_number + 1 WHERE id = ? RETURNING next_number - 1"
    return await select.number(tx, sql, collection_id)


async def drop(tx: Transaction, collection: Collection) -> None:
    """Delete a collection that has no version and no alias any more, and its type with its last one."""
    await tx.run("DELETE FROM collections WHERE id = ?", collection.id)
    tx.changed(Topic.COLLECTION, collection.id, collection.project_id)
    await artifact_types.drop_if_empty(tx, collection.type_id, collection.project_id)
