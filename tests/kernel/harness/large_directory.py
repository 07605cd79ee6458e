"""Files put into a catalog directly: over HTTP so many would take minutes, and some names be refused."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path


def add_files(catalog: Path, directory: str, added: Sequence[str]) -> None:
    """Copy the file `seed` of a directory under these names; no daemon may run."""
    with sqlite3.connect(catalog) as db:
        seed = db.execute("SELECT * FROM entries WHERE path = ?", (f"{directory}/seed",))
        names = [column[0] for column in seed.description]
        row = dict(zip(names, seed.fetchone(), strict=True))
        version = db.execute("SELECT * FROM versions WHERE id = ?", (row["version_id"],))
        version_names = [column[0] for column in version.description]
        version_row = dict(zip(version_names, version.fetchone(), strict=True))
        segment = db.execute(
            "SELECT size, blob_id FROM segments WHERE version_id = ?", (row["version_id"],)
        ).fetchone()
        for name in added:
            row |= {
                "id": None,
                "name": name,
                "path": f"{directory}/{name}",
                "version_id": None,
            }
            entry_id = insert(db, "entries", row)
            version_id = insert(db, "versions", version_row | {"id": None, "entry_id": entry_id})
            db.execute("UPDATE entries SET version_id = ? WHERE id = ?", (version_id, entry_id))
            db.execute("INSERT INTO segments VALUES (?, 0, ?, ?)", (version_id, *segment))
        size = len(added) * version_row["size"]
        db.execute(
            "UPDATE filesets SET files = files + ?, bytes = bytes + ? WHERE id = ?",
            (len(added), size, row["fileset_id"]),
        )
    db.close()


def insert(db: sqlite3.Connection, table: str, row: dict[str, object]) -> int:
    """Insert a row and give its id."""
    marks = ", ".join("?" for _ in row)
    cursor = db.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", list(row.values()))
    assert cursor.lastrowid is not None
    return cursor.lastrowid
