"""Queries for entries: the names in the directories of a fileset. Parent 0 is files/ itself."""

from typing import Any, NamedTuple

from store.catalog import living, select
from store.catalog.rows import Entry, Version
from store.catalog.session import Row, Session, Value


class Listed(NamedTuple):
    """An entry with its current version, which a directory has not: all that attributes need."""

    entry: Entry
    version: Version | None

    @property
    def id(self) -> int:
        """The entry's id."""
        return self.entry.id

    @property
    def name(self) -> str:
        """The entry's name."""
        return self.entry.name


async def by_id(db: Session, entry_id: int) -> Listed | None:
    """The entry of that id, or None."""
    return await _one(db, f"WHERE entries.id = ? AND {living.by_fileset('entries')}", entry_id)


async def by_name(db: Session, fileset_id: int, parent_id: int, name: str) -> Listed | None:
    """The entry of that name, or None."""
    return await _one(
        db, "WHERE entries.fileset_id = ? AND parent_id = ? AND name = ?", fileset_id, parent_id, name
    )


async def by_path(db: Session, fileset_id: int, path: str) -> Listed | None:
    """The entry at a path, or None."""
    return await _one(db, "WHERE entries.fileset_id = ? AND path = ?", fileset_id, path)


async def page(db: Session, fileset_id: int, parent_id: int, after_id: int, limit: int) -> list[Listed]:
    """A page of one directory, in the order of ids."""
    return await every(
        db,
        "WHERE entries.fileset_id = ? AND parent_id = ? AND entries.id > ? ORDER BY entries.id LIMIT ?",
        *(fileset_id, parent_id, after_id, limit),
    )


async def names(
    db: Session, fileset_id: int, parent_id: int, after_id: int, limit: int
) -> list[tuple[int, str, int | None, int, int, int]]:
    """A page of one directory, as much of it as a listing shows: 10,000 whole rows take four times as long.

    Of each entry its id, name, current version's id (None: a directory), size, time of change, and
    subdirectories.
    """
    rows: list[Any] = await db.all(
        "SELECT entries.id, name, version_id, coalesce(versions.size, 0),"
        " coalesce(versions.changed_ns, entries.changed_ns), subdirectories"
        " FROM entries LEFT JOIN versions ON versions.id = entries.version_id"
        " WHERE entries.fileset_id = ? AND parent_id = ? AND entries.id > ? ORDER BY entries.id LIMIT ?",
        *(fileset_id, parent_id, after_id, limit),
    )
    return rows


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
_WIDTH = len(Entry._fields)


def _listed(row: Row) -> Listed:
    entry = Entry._make(row[:_WIDTH])
    return Listed(entry, None if entry.version_id is None else Version._make(row[_WIDTH:]))
