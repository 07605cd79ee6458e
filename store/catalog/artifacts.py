"""Queries for artifact versions. Lists give the committed ones: a pending version has no directory yet."""

from store.catalog import select
from store.catalog.rows import Artifact
from store.catalog.session import Session


async def by_id(db: Session, artifact_id: int) -> Artifact | None:
    """An artifact version, pending ones too."""
    return await select.one(db, Artifact, "WHERE id = ?", artifact_id)


async def by_number(db: Session, collection_id: int, number: int) -> Artifact | None:
    """v3 is number 3."""
    return await select.one(db, Artifact, "WHERE collection_id = ? AND number = ?", collection_id, number)


async def by_fileset(db: Session, fileset_id: int) -> Artifact | None:
    """The artifact version whose files these are, or None."""
    return await select.one(db, Artifact, "WHERE fileset_id = ?", fileset_id)


async def page(db: Session, collection_id: int, after_id: int, limit: int) -> list[Artifact]:
    """At most `limit` of the collection's versions with an id above `after_id`, in the order of ids."""
    return await select.every(
        db,
        Artifact,
        "WHERE collection_id = ? AND number IS NOT NULL AND id > ? ORDER BY id LIMIT ?",
        *(collection_id, after_id, limit),
    )


async def count(db: Session, collection_id: int) -> int:
    """How many there are."""
    return await select.number(
        db, "SELECT count(*) FROM artifacts WHERE collection_id = ? AND number IS NOT NULL", collection_id
    )


async def made_by(db: Session, run_id: int, after_id: int, limit: int) -> list[Artifact]:
    """A page of the artifact versions that a run produced."""
    return await select.every(
        db,
        Artifact,
        "WHERE run_id = ? AND number IS NOT NULL AND id > ? ORDER BY id LIMIT ?",
        *(run_id, after_id, limit),
    )


async def used_by(db: Session, run_id: int, after_id: int, limit: int) -> list[Artifact]:
    """A page of the artifact versions that a run used."""
    return await select.every(
        db,
        Artifact,
        "JOIN artifact_uses ON artifact_uses.artifact_id = artifacts.id"
        " WHERE artifact_uses.run_id = ? AND artifacts.id > ? ORDER BY artifacts.id LIMIT ?",
        *(run_id, after_id, limit),
    )
