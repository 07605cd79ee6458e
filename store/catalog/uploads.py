"""Queries for uploads: files on their way in. open -> stored -> registered, or aborted on the way."""

from collections.abc import Iterable

from store.catalog import select
from store.catalog.rows import Part, Upload
from store.catalog.session import Session, Value
from store.catalog.sqlite import Transaction

UNDER_WAY = "('open', 'stored')"


async def by_id(db: Session, upload_id: str) -> Upload | None:
    """The upload of that id, or None."""
    return await select.one(db, Upload, "WHERE id = ?", upload_id)


async def create(tx: Transaction, upload: Upload) -> None:
    """Note an upload that was asked for."""
    marks = ", ".join("?" * len(upload))
    await tx.run(f"INSERT INTO uploads ({', '.join(Upload._fields)}) VALUES ({marks})", *upload)


async def update(tx: Transaction, upload_id: str, **columns: Value) -> None:
    """Set columns of an upload; the names are the caller's own."""
    for column, value in columns.items():
        await tx.run(f"UPDATE uploads SET {column} = ? WHERE id = ?", value, upload_id)


async def parts(db: Session, upload_id: str) -> list[Part]:
    """The parts that have arrived, by number."""
    return await select.every(db, Part, "WHERE upload_id = ? ORDER BY number", upload_id)


async def put_part(tx: Transaction, part: Part) -> None:
    """Note a part that is durable; sent again it replaces the old one."""
    await tx.run(
        "INSERT INTO parts (upload_id, number, size, etag) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (upload_id, number) DO UPDATE SET size = excluded.size, etag = excluded.etag",
        *part,
    )


async def resumable(
    db: Session,
    fileset_id: int,
    key_id: int | None,
    path: str,
    size: int | None,
    sha256: bytes | None,
    md5: bytes | None,
) -> Upload | None:
    """An upload in parts that the same key asked for in the same words and that is still open, or None.

    Without a SHA-256 nobody can tell that the bytes are the same ones: then there is none.
    """
    return await select.one(
        db,
        Upload,
        "WHERE state = 'open' AND part_size IS NOT NULL AND fileset_id = ? AND key_id IS ? AND path = ?"
        " AND size = ? AND sha256 = ? AND md5 IS ? ORDER BY created_ns DESC",
        *(fileset_id, key_id, path, size, sha256, md5),
    )


async def keys_in_parts(db: Session) -> set[str]:
    """The keys of the blobs that will be made of parts."""
    return {key for (key,) in await db.all("SELECT blob_key FROM uploads WHERE multipart_id IS NOT NULL")}


async def expire(tx: Transaction, before_ns: int, limit: int) -> int:
    """End at most `limit` uploads whose time was over before that; how many."""
    rows = await tx.all(
        f"UPDATE uploads SET state = 'aborted' WHERE id IN (SELECT id FROM uploads WHERE state IN {UNDER_WAY}"
        " AND expires_ns < ? LIMIT ?) RETURNING id",
        *(before_ns, limit),
    )
    return len(rows)


async def ended(db: Session, before_ns: int, limit: int) -> list[Upload]:
    """At most `limit` aborted uploads, and registered ones that expired before that time."""
    return await select.every(
        db,
        Upload,
        "WHERE state = 'aborted' OR (state = 'registered' AND expires_ns < ?) LIMIT ?",
        *(before_ns, limit),
    )


async def forget(tx: Transaction, upload_ids: Iterable[str]) -> None:
    """Drop uploads that ended."""
    rows = [(upload_id,) for upload_id in upload_ids]
    await tx.many("DELETE FROM parts WHERE upload_id = ?", rows)
    await tx.many("DELETE FROM uploads WHERE id = ?", rows)
