"""Queries for versions: what a file's name stood for, once or now, and the segments that hold its bytes."""

from collections.abc import Sequence
from typing import NamedTuple

from store.catalog import blobs, select
from store.catalog.rows import Version
from store.catalog.session import Session
from store.catalog.sqlite import Transaction
from store.catalog.topics import Topic


class Extent(NamedTuple):
    """Where a stretch of a version's content is: the whole of one blob."""

    offset: int  # of its first byte in the version
    size: int
    blob_id: int
    key: str  # of the blob


async def by_id(db: Session, version_id: int) -> Version | None:
    """The version of that id, or None."""
    return await select.one(db, Version, "WHERE id = ?", version_id)


async def of_entry(db: Session, entry_id: int) -> list[Version]:
    """A file's versions, newest first, without the retired ones."""
    return await select.every(
        db, Version, "WHERE entry_id = ? AND retired_ns IS NULL ORDER BY number DESC", entry_id
    )


async def by_number(db: Session, entry_id: int, number: int) -> Version | None:
    """The version of that number, or None."""
    return await select.one(db, Version, "WHERE entry_id = ? AND number = ?", entry_id, number)


async def count(db: Session, entry_id: int) -> int:
    """How many there are."""
    return await select.number(
        db, "SELECT count(*) FROM versions WHERE entry_id = ? AND retired_ns IS NULL", entry_id
    )


async def extents(db: Session, version_id: int) -> list[Extent]:
    """Where all of a version's content is, in order; nothing for an empty file."""
    rows = await db.all(f"{_EXTENTS} WHERE version_id = ? ORDER BY segments.offset", version_id)
    return list(map(Extent._make, rows))


async def extents_in(db: Session, version_id: int, offset: int, count: int) -> list[Extent]:
    """The extents that hold any of the `count` bytes from `offset` on, in order."""
    rows = await db.all(
        f"{_EXTENTS} WHERE version_id = ? AND segments.offset < ? AND segments.offset >= coalesce("
        "(SELECT max(s.offset) FROM segments AS s WHERE s.version_id = ? AND s.offset <= ?), 0)"
        " ORDER BY segments.offset",
        *(version_id, offset + count, version_id, offset),
    )
    return [extent for extent in map(Extent._make, rows) if extent.offset + extent.size > offset]


_EXTENTS = (
    "SELECT segments.offset, segments.size, segments.blob_id, blobs.key"
    " FROM segments JOIN blobs ON blobs.id = segments.blob_id"
)


async def collect(tx: Transaction, before_ns: int, limit: int) -> list[Version]:
    """Forget at most `limit` versions that were retired by that time; their handles lead nowhere now."""
    clause = "WHERE retired_ns <= ? ORDER BY retired_ns LIMIT ?"
    old = await select.every(tx, Version, clause, before_ns, limit)
    for version in old:
        held = await tx.all("SELECT blob_id FROM segments WHERE version_id = ?", version.id)
        await tx.run("DELETE FROM segments WHERE version_id = ?", version.id)
        await tx.run("DELETE FROM versions WHERE id = ?", version.id)
        await blobs.release(tx, [blob_id for (blob_id,) in held])
        tx.changed(Topic.VERSION, version.id, version.entry_id)
    return old


async def at_rest(db: Session, before_ns: int, limit: int) -> list[Version]:
    """At most `limit` versions that grew, and have not since that time: they can be merged."""
    return await select.every(
        db,
        Version,
        "WHERE sha256 IS NULL AND retired_ns IS NULL AND changed_ns < ? ORDER BY changed_ns LIMIT ?",
        *(before_ns, limit),
    )


async def merge(
    tx: Transaction, version_id: int, old: Sequence[Extent], blob_id: int, sha256: bytes, md5: bytes | None
) -> bool:
    """Let one blob stand for neighbouring extents; with all of a version its hashes are known again.

    False, with nothing done, when they are not the version's extents any more.
    """
    version = await by_id(tx, version_id)
    stretch = (old[0].offset, old[-1].offset)
    now = await tx.all(
        "SELECT offset, size, blob_id FROM segments WHERE version_id = ? AND offset BETWEEN ? AND ?"
        " ORDER BY offset",
        *(version_id, *stretch),
    )
    if version is None or now != [extent[:3] for extent in old]:
        return False
    size = sum(extent.size for extent in old)
    await tx.run("DELETE FROM segments WHERE version_id = ? AND offset BETWEEN ? AND ?", version_id, *stretch)
    await tx.run(
        "INSERT INTO segments (version_id, offset, size, blob_id) VALUES (?, ?, ?, ?)",
        *(version_id, old[0].offset, size, blob_id),
    )
    await blobs.release(tx, [extent.blob_id for extent in old])
    if size == version.size:
        await tx.run("UPDATE versions SET sha256 = ?, md5 = ? WHERE id = ?", sha256, md5, version_id)
    tx.changed(Topic.VERSION, version_id, version.entry_id)
    return True
