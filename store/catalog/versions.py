"""Queries for versions: what a file's name stood for, once or now, and the segments that hold its bytes."""

from typing import NamedTuple

from store.catalog import select
from store.catalog.rows import Version
from store.catalog.session import Session


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
