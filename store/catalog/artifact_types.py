"""Queries for artifact types: artifacts/types/{type}."""

from store.catalog import living, projects, select
from store.catalog.rows import ArtifactType
from store.catalog.session import Session
from store.catalog.sqlite import Transaction
from store.catalog.topics import Topic
from store.names import check_name


async def by_id(db: Session, type_id: int) -> ArtifactType | None:
    """The artifact type of that id, or None."""
    return await select.one(
        db, ArtifactType, f"WHERE id = ? AND {living.by_project('artifact_types')}", type_id
    )


async def by_name(db: Session, project_id: int, name: str) -> ArtifactType | None:
    """The artifact type of that name, or None."""
    return await select.one(db, ArtifactType, "WHERE project_id = ? AND name = ?", project_id, name)


async def page(db: Session, project_id: int, after_id: int, limit: int) -> list[ArtifactType]:
    """At most `limit` of the project's artifact types with an id above `after_id`, in the order of ids."""
    return await select.every(
        db, ArtifactType, "WHERE project_id = ? AND id > ? ORDER BY id LIMIT ?", project_id, after_id, limit
    )


async def count(db: Session, project_id: int) -> int:
    """How many there are."""
    return await select.number(db, "SELECT count(*) FROM artifact_types WHERE project_id = ?", project_id)


async def ensure(tx: Transaction, project_id: int, name: str) -> ArtifactType:
    """The type of that name, made if the project has none. Refused for a name that is none."""
    found = await by_name(tx, project_id, check_name(name, "artifact type"))
    if found is not None:
        return found
    now = tx.now_ns
    type_id = await tx.run(
        "INSERT INTO artifact_types (project_id, name, created_ns, changed_ns) VALUES (?, ?, ?, ?)",
        *(project_id, name, now, now),
    )
    tx.changed(Topic.TYPE, type_id, project_id)
    await projects.touch(tx, project_id, Topic.PROJECT_ARTIFACTS)
    return ArtifactType(type_id, project_id, name, now, now)


async def touch(tx: Transaction, type_id: int, project_id: int) -> None:
    """A collection of this type appeared or went."""
    await tx.run(
        "UPDATE artifact_types SET changed_ns = max(?, changed_ns + 1) WHERE id = ?", tx.now_ns, type_id
    )
    tx.changed(Topic.TYPE, type_id, project_id)
    await projects.touch(tx, project_id, Topic.PROJECT_ARTIFACTS)


async def drop_if_empty(tx: Transaction, type_id: int, project_id: int) -> None:
    """A type is there as long as a collection is of it."""
    await tx.run(
        "DELETE FROM artifact_types WHERE id = ?"
        " AND NOT EXISTS (SELECT 1 FROM collections WHERE type_id = ?)",
        *(type_id, type_id),
    )
    await touch(tx, type_id, project_id)
