"""Queries for entries: the names in the directories of a fileset. Parent 0 is files/ itself."""

from typing import NamedTuple

from store.catalog import living, select
from store.catalog.rows import Entry, Version
from store.catalog.session import Row, Session, Value


class Listed(NamedTuple):
    """An entry with its current version, which a directory has not: all that attributes need."""

    entry: Entry
    version: Version | None


class Name(NamedTuple):
    """As much of an entry as a listing shows: 10,000 whole ones take four times as long to read."""

    id: int
    name: str
    version_id: int | None
    """The current version's id; None: a directory."""
    size: int
    """A file's, in bytes; of a directory how many subdirectories it has."""
    changed_ns: int


async def by_id(db: Session, entry_id: int) -> Listed | None:
    """The entry of that id, or None."""
    return await _one(db, f"WHERE entries.id = ? AND {living.by_fileset('entries')}", entry_id)


async def by_path(db: Session, fileset_id: int, path: str) -> Listed | None:
    """The entry at a path, or None."""
    return await _one(db, "WHERE entries.fileset_id = ? AND path = ?", fileset_id, path)


async def named(db: Session, fileset_id: int, parent_id: int, name: str) -> Name | None:
    """The entry of that name, or None."""
    row = await db.one(
        f"{_NAMES} WHERE entries.fileset_id = ? AND parent_id = ? AND name = ?", fileset_id, parent_id, name
    )
    return None if row is None else Name._make(row)


async def names(db: Session, fileset_id: int, parent_id: int, after_id: int, limit: int) -> list[Row]:
    """A page of one directory, in the order of ids: the values of a Name each.

    They are plain tuples, for there are many: Python's collector soon stops looking at those.
    """
    return await db.all(
        f"{_NAMES} WHERE entries.fileset_id = ? AND parent_id = ? AND entries.id > ?"
        " ORDER BY entries.id LIMIT ?",
        *(fileset_id, parent_id, after_id, limit),
    )


async def count(db: Session, fileset_id: int, parent_id: int) -> int:
    """The number of names in one directory."""
    return await select.number(
        db, "SELECT count(*) FROM entries WHERE fileset_id = ? AND parent_id = ?", fileset_id, parent_id
    )


async def every(db: Session, clause: str, *args: Value) -> list[Listed]:
    """All entries that the clause lets through, with their current versions."""
    return [_listed(row) for row in await db.all(_SELECT + clause, *args)]


async def _one(db: Session, clause: str, *args: Value) -> Listed | None:
    row = await db.one(_SELECT + clause, *args)
    return None if row is None else _listed(row)


_SELECT = (
    f"SELECT {select.columns(Entry)}, {select.columns(Version)}"
    " FROM entries LEFT JOIN versions ON versions.id = entries.version_id "
)
_NAMES = (
    "SELECT entries.id, name, version_id, coalesce(versions.size, subdirectories),"
    " coalesce(versions.changed_ns, entries.changed_ns)"
    " FROM entries LEFT JOIN versions ON versions.id = entries.version_id"
)
_WIDTH = len(Entry._fields)


def _listed(row: Row) -> Listed:
    entry = Entry._make(row[:_WIDTH])
    return Listed(entry, None if entry.version_id is None else Version._make(row[_WIDTH:]))
