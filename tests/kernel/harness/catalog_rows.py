"""Rows put into a catalog directly: over HTTP so many would take minutes, and some names be refused."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

Row = dict[str, Any]


@contextmanager
def opened(data: Path) -> Iterator[sqlite3.Connection]:
    """The catalog in a data folder, while no daemon runs on it; what was done is kept at the end."""
    with closing(sqlite3.connect(data / "catalog.sqlite3")) as db, db:
        db.row_factory = sqlite3.Row
        yield db


def add_files(db: sqlite3.Connection, directory: str, names: Sequence[str]) -> None:
    """Copy the file `seed` of a directory under these names."""
    seed = row(db, "entries", path=f"{directory}/seed")
    version = row(db, "versions", id=seed["version_id"])
    segment = row(db, "segments", version_id=version["id"])
    entries, versions = free_ids(db, "entries", names), free_ids(db, "versions", names)
    insert(
        db,
        "entries",
        (
            seed | {"id": entry, "version_id": made, "name": name, "path": f"{directory}/{name}"}
            for entry, made, name in zip(entries, versions, names, strict=True)
        ),
    )
    insert(
        db,
        "versions",
        (version | {"id": made, "entry_id": entry} for entry, made in zip(entries, versions, strict=True)),
    )
    insert(db, "segments", (segment | {"version_id": made} for made in versions))
    db.execute(
        "UPDATE filesets SET files = files + ?, bytes = bytes + ? WHERE id = ?",
        (len(names), len(names) * version["size"], seed["fileset_id"]),
    )


def add_runs(db: sqlite3.Connection, seed: str, names: Sequence[str]) -> None:
    """Copy a run, which has no files, beside itself under these names."""
    run = row(db, "runs", name=seed)
    fileset = row(db, "filesets", id=run["fileset_id"])
    runs, filesets = free_ids(db, "runs", names), free_ids(db, "filesets", names)
    insert(db, "filesets", (fileset | {"id": number} for number in filesets))
    insert(
        db,
        "runs",
        (
            run | {"id": number, "fileset_id": files, "name": name}
            for number, files, name in zip(runs, filesets, names, strict=True)
        ),
    )


def add_projects(db: sqlite3.Connection, seed: str, names: Sequence[str]) -> None:
    """Copy a project beside itself under these names, without what is in it."""
    project = row(db, "projects", name=seed)
    numbers = free_ids(db, "projects", names)
    insert(
        db,
        "projects",
        (project | {"id": number, "name": name} for number, name in zip(numbers, names, strict=True)),
    )


def row(db: sqlite3.Connection, table: str, **where: object) -> Row:
    """The one row whose column is so."""
    [(column, value)] = where.items()
    [found] = db.execute(f"SELECT * FROM {table} WHERE {column} = ?", (value,)).fetchall()
    return dict(found)


def free_ids(db: sqlite3.Connection, table: str, names: Sequence[str]) -> range:
    """An id for each of the names that no row has had."""
    [(last,)] = db.execute("SELECT seq FROM sqlite_sequence WHERE name = ?", (table,)).fetchall()
    return range(last + 1, last + 1 + len(names))


def insert(db: sqlite3.Connection, table: str, rows: Iterable[Row]) -> None:
    """Insert rows, each with all columns of its table in their order."""
    values = [tuple(each.values()) for each in rows]
    marks = ", ".join("?" * len(values[0]))
    db.executemany(f"INSERT INTO {table} VALUES ({marks})", values)
