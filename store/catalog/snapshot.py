"""A copy of the catalog as it was at one moment, made while others write it; the catalog of a backup.

Ids go on far behind those of the original. What was made after the copy has handles and directory cookies out
in the world; had a restored catalog the same ids to give again, such a handle would open another file.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from store.catalog.schema import version
from store.catalog.session import translated, unusable
from store.errors import Refused, Unavailable

IDS_SKIPPED = 1 << 24  # more than are made between two backups, and room for a hundred restores below 2^31
_PAGE = 1000


def take(source: Path, target: Path) -> int:
    """Copy the catalog `source` to the new file `target`; gives its id. Blocking.

    Uploads under way are left out: their bytes are not copied. Errors: Refused, NoSpace, Unavailable.
    """
    try:
        with closing(_open(source)) as original, closing(sqlite3.connect(target)) as copy:
            version(original)  # what a newer one holds besides, we would not copy
            original.backup(copy)  # in one step: one moment, and writers go on meanwhile
            copy.execute("PRAGMA journal_mode = DELETE").fetchone()  # one file, complete by itself
            with copy:
                _forget_uploads(copy)
                _skip_ids(copy)
            return _identity(copy)
    except sqlite3.Error as error:
        raise _refusal(source, error) from error


def id_of(path: Path) -> int:
    """Which catalog a file is. Blocking. Errors: Refused, Unavailable."""
    try:
        with closing(_open(path)) as database:
            return _identity(database)
    except sqlite3.Error as error:
        raise _refusal(path, error) from error


def blobs(path: Path) -> Iterator[tuple[str, int, bytes]]:
    """Key, size and SHA-256 of each blob that a copy needs, in the order of keys. Blocking."""
    with closing(sqlite3.connect(path)) as database:
        after = ""
        query = "SELECT key, size, sha256 FROM blobs WHERE key > ? ORDER BY key LIMIT ?"
        while page := database.execute(query, (after, _PAGE)).fetchall():
            yield from page
            after = page[-1][0]


def _open(path: Path) -> sqlite3.Connection:
    """Writable, for a copy must read what a killed daemon left in the WAL; nothing is written."""
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True)


def _identity(database: sqlite3.Connection) -> int:
    return int(database.execute("SELECT id FROM catalog").fetchone()[0])


def _forget_uploads(copy: sqlite3.Connection) -> None:
    copy.execute("DELETE FROM parts")
    copy.execute("DELETE FROM uploads WHERE state != 'registered'")


def _skip_ids(copy: sqlite3.Connection) -> None:
    tables = copy.execute("SELECT name FROM sqlite_schema WHERE sql LIKE '%AUTOINCREMENT%'").fetchall()
    for (table,) in tables:
        found = copy.execute("SELECT seq FROM sqlite_sequence WHERE name = ?", (table,)).fetchone()
        if found is None:  # empty until now, and maybe not any more
            copy.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (?, 0)", (table,))
        copy.execute("UPDATE sqlite_sequence SET seq = seq + ? WHERE name = ?", (IDS_SKIPPED, table))


def _refusal(path: Path, error: sqlite3.Error) -> Exception:
    code = getattr(error, "sqlite_errorcode", None)
    if code == sqlite3.SQLITE_CANTOPEN:
        return Unavailable(f"cannot open the catalog {path}")
    if code == sqlite3.SQLITE_ERROR:  # another program's database, without our tables
        return Refused(f"{path} is not a runfs catalog: {error}")
    return unusable(path, error) or translated(error)
