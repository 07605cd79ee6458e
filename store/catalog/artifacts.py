"""Queries for artifact versions. Lists give the committed ones: a pending version has no directory yet."""

import hashlib
from collections.abc import Iterable

from store.catalog import aliases, collections, filesets, living, remains, runs, select
from store.catalog.rows import Artifact, Collection
from store.catalog.session import Session, Value
from store.catalog.sqlite import Transaction
from store.catalog.topics import Topic
from store.errors import Absent, Conflict


async def by_id(db: Session, artifact_id: int) -> Artifact | None:
    """An artifact version, pending ones too."""
    return await select.one(db, Artifact, f"WHERE id = ? AND {living.by_fileset('artifacts')}", artifact_id)


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


async def all_of(db: Session, collection_id: int, limit: int) -> list[Artifact]:
    """At most `limit` of the collection's versions, pending ones too, oldest first."""
    return await select.every(
        db, Artifact, "WHERE collection_id = ? ORDER BY id LIMIT ?", collection_id, limit
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


async def by_digest(db: Session, collection_id: int, digest: str) -> Artifact | None:
    """The newest committed version with that content, or None."""
    return await select.one(
        db,
        Artifact,
        "WHERE collection_id = ? AND digest = ? AND number IS NOT NULL ORDER BY number DESC",
        *(collection_id, digest),
    )


async def newest(db: Session, collection_id: int) -> Artifact | None:
    """The committed version with the highest number, or None."""
    return await select.one(
        db, Artifact, "WHERE collection_id = ? AND number IS NOT NULL ORDER BY number DESC", collection_id
    )


async def create(
    tx: Transaction,
    collection: Collection,
    run_id: int | None = None,
    *,
    description: str = "",
    metadata: str = "{}",
    digest: str = "",
) -> Artifact:
    """A pending version: files may be put into it, nobody sees it in the tree. `metadata` is JSON text."""
    fileset_id = await filesets.create(tx, collection.project_id)
    artifact_id = await tx.run(
        "INSERT INTO artifacts (collection_id, fileset_id, run_id, state, digest, description, metadata,"
        " created_ns, changed_ns) VALUES (?, ?, ?, 'pending', ?, ?, ?, ?, ?)",
        *(collection.id, fileset_id, run_id, digest, description, metadata, tx.now_ns, tx.now_ns),
    )
    return await _changed(tx, artifact_id)


async def update(tx: Transaction, artifact_id: int, **columns: Value) -> Artifact:
    """Change description or metadata (JSON text). Absent without such a version."""
    for column in columns.keys() - {"description", "metadata"}:
        raise TypeError(f"{column} is not a column that a user writes")
    for column, value in columns.items():
        await tx.run(f"UPDATE artifacts SET {column} = ? WHERE id = ?", value, artifact_id)
    return await _changed(tx, artifact_id)


async def commit(tx: Transaction, artifact_id: int, names: Iterable[str] = ()) -> Artifact:
    """Make a pending version the collection's next, sealed, with "latest" and these aliases pointing at it.

    Committing again changes nothing but adds the aliases. Without a digest of the client's it gets one of its
    files' paths and hashes. Errors: Absent, Refused for an alias, Conflict while an upload into it is open.
    """
    artifact = await _changed(tx, artifact_id)
    wanted = dict.fromkeys(names)
    if artifact.number is None:
        waiting = await tx.one(
            "SELECT path FROM uploads WHERE fileset_id = ? AND state IN ('open', 'stored')"
            " AND expires_ns > ?",
            *(artifact.fileset_id, tx.now_ns),
        )
        if waiting is not None:
            raise Conflict(f"{waiting[0]} is still being uploaded: register it or abort it, then commit")
        await filesets.seal(tx, artifact.fileset_id)
        number = await collections.take_number(tx, artifact.collection_id)
        digest = artifact.digest or await _digest(tx, artifact.fileset_id)
        await tx.run(
            "UPDATE artifacts SET state = 'committed', number = ?, digest = ? WHERE id = ?",
            *(number, digest, artifact_id),
        )
        wanted = {"latest": None} | wanted
        if artifact.run_id is not None:
            await _run_changed(tx, artifact.run_id)
    for name in wanted:
        await aliases.point(tx, artifact.collection_id, name, artifact_id)
    await collections.touch(tx, artifact.collection_id)
    return await _changed(tx, artifact_id)


async def use(tx: Transaction, artifact_id: int, run_id: int) -> None:
    """Note that a run uses a version. Absent without such a version or run."""
    if await runs.by_id(tx, run_id) is None:
        raise Absent(f"there is no run {run_id}, or not any more")
    await _changed(tx, artifact_id)
    await tx.run(
        "INSERT INTO artifact_uses (artifact_id, run_id, created_ns) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        *(artifact_id, run_id, tx.now_ns),
    )
    await _run_changed(tx, run_id)


async def delete(tx: Transaction, artifact_id: int) -> None:
    """Delete a version with its files and aliases; "latest" goes to the newest that is left.

    The collection goes with its last version. Absent without such a version.
    """
    artifact = await _changed(tx, artifact_id)
    pointing = await aliases.of_artifact(tx, artifact_id)
    for alias in pointing:
        await aliases.remove(tx, alias)
    await remains.leave_artifact(tx, artifact)
    collection = await collections.touch(tx, artifact.collection_id)
    left = await newest(tx, collection.id)
    if left is not None and any(alias.name == "latest" for alias in pointing):
        await aliases.point(tx, collection.id, "latest", left.id)
    if await tx.one("SELECT 1 FROM artifacts WHERE collection_id = ?", collection.id) is None:
        await collections.drop(tx, collection)


async def users(db: Session, artifact_id: int) -> list[int]:
    """The ids of the runs that use a version."""
    rows = await db.all("SELECT run_id FROM artifact_uses WHERE artifact_id = ? ORDER BY run_id", artifact_id)
    return [run_id for (run_id,) in rows]


async def _digest(db: Session, fileset_id: int) -> str:
    """SHA-256 over the files' paths and hashes, in the order of paths."""
    digest = hashlib.sha256()
    for path, sha256 in await db.all(
        "SELECT path, sha256 FROM entries JOIN versions ON versions.id = entries.version_id"
        " WHERE entries.fileset_id = ? ORDER BY path",
        fileset_id,
    ):
        digest.update(path.encode() + b"\0" + (sha256 or b"").hex().encode() + b"\n")
    return digest.hexdigest()


async def _changed(tx: Transaction, artifact_id: int) -> Artifact:
    await tx.run(
        "UPDATE artifacts SET changed_ns = max(?, changed_ns + 1) WHERE id = ?", tx.now_ns, artifact_id
    )
    artifact = await by_id(tx, artifact_id)
    if artifact is None:
        raise Absent(f"there is no artifact version {artifact_id}, or not any more")
    tx.changed(Topic.ARTIFACT, artifact_id, artifact.collection_id)
    return artifact


async def _run_changed(tx: Transaction, run_id: int) -> None:
    for (project_id,) in await tx.all(
        "UPDATE runs SET changed_ns = max(?, changed_ns + 1) WHERE id = ? RETURNING project_id",
        tx.now_ns,
        run_id,
    ):
        tx.changed(Topic.RUN, run_id, project_id)
