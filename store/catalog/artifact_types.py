"""Queries for artifact types: artifacts/types/{type}."""

from store.catalog import select
from store.catalog.rows import ArtifactType
from store.catalog.session import Session


async def by_id(db: Session, type_id: int) -> ArtifactType | None:
    """The artifact type of that id, or None."""
    return await select.one(db, ArtifactType, "WHERE id = ?", type_id)


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
