"""Queries for blobs: which bytes the store holds, found by content, and which of them nobody needs."""

from collections.abc import Iterable

from store.catalog import living, select
from store.catalog.rows import Blob
from store.catalog.session import Session
from store.catalog.sqlite import Transaction
from store.catalog.topics import Topic


async def by_id(db: Session, blob_id: int) -> Blob | None:
    """The blob of that id, or None."""
    return await select.one(db, Blob, "WHERE id = ?", blob_id)


async def by_key(db: Session, key: str) -> Blob | None:
    """The blob of that key, or None."""
    return await select.one(db, Blob, "WHERE key = ?", key)


async def by_content(db: Session, sha256: bytes, size: int) -> Blob | None:
    """A blob with that content, or None."""
    return await select.one(db, Blob, "WHERE sha256 = ? AND size = ? ORDER BY id", sha256, size)


async def readable(db: Session, sha256: bytes, size: int, project_id: int | None) -> Blob | None:
    """A blob that is the whole content of some file now visible in the project, or anywhere with None."""
    return await select.one(
        db,
        Blob,
        "JOIN segments ON segments.blob_id = blobs.id AND segments.offset = 0"
        " JOIN versions ON versions.id = segments.version_id AND versions.size = blobs.size"
        " JOIN filesets ON filesets.id = versions.fileset_id"
        " WHERE blobs.sha256 = ? AND blobs.size = ? AND versions.retired_ns IS NULL"
        f" AND (? IS NULL OR filesets.project_id = ?) AND {living.by_project('filesets')} ORDER BY blobs.id",
        *(sha256, size, project_id, project_id),
    )


async def create(tx: Transaction, key: str, size: int, sha256: bytes, md5: bytes | None) -> int:
    """Note a blob that the store holds durably; its id."""
    return await tx.run(
        "INSERT INTO blobs (key, size, sha256, md5, created_ns) VALUES (?, ?, ?, ?, ?)",
        *(key, size, sha256, md5, tx.now_ns),
    )


async def use(tx: Transaction, sha256: bytes, size: int) -> Blob | None:
    """A blob with that content for a new segment to hold, or None; it is not thrown away any more."""
    blob = await by_content(tx, sha256, size)
    if blob is not None and blob.unused_ns is not None:
        await tx.run("UPDATE blobs SET unused_ns = NULL WHERE id = ?", blob.id)
    return blob


async def replace(tx: Transaction, blob_id: int, key: str) -> None:
    """Let a blob whose bytes were lost have those under another key; who remembers the old one is told."""
    await tx.run("UPDATE blobs SET key = ? WHERE id = ?", key, blob_id)
    tx.changed(Topic.EVERYTHING, 0)


async def release(tx: Transaction, blob_ids: Iterable[int]) -> None:
    """Segments let go of these blobs: those that no segment holds now are unused from this time on."""
    await tx.many(
        "UPDATE blobs SET unused_ns = ? WHERE id = ? AND unused_ns IS NULL"
        " AND NOT EXISTS (SELECT 1 FROM segments WHERE segments.blob_id = blobs.id)",
        [(tx.now_ns, blob_id) for blob_id in blob_ids],
    )


async def forget_unused(tx: Transaction, before_ns: int, limit: int) -> list[Blob]:
    """Drop the rows of at most `limit` blobs unused since before that time; gives them.

    One that an upload under way refers to ("already stored") stays.
    """
    unused = await select.every(
        tx,
        Blob,
        "WHERE unused_ns <= ? AND NOT EXISTS (SELECT 1 FROM segments WHERE segments.blob_id = blobs.id)"
        " AND NOT EXISTS"
        " (SELECT 1 FROM uploads WHERE blob_key = blobs.key AND state IN ('open', 'stored')) LIMIT ?",
        *(before_ns, limit),
    )
    await tx.many("DELETE FROM blobs WHERE id = ?", [(blob.id,) for blob in unused])
    return unused


async def known(db: Session, keys: list[str]) -> set[str]:
    """Those of the keys that a blob or an upload under way has: the others are orphans."""
    marks = ", ".join("?" * len(keys))
    rows = await db.all(
        f"SELECT key FROM blobs WHERE key IN ({marks}) UNION"
        f" SELECT blob_key FROM uploads WHERE blob_key IN ({marks}) AND state IN ('open', 'stored')",
        *(*keys, *keys),
    )
    return {key for (key,) in rows}
