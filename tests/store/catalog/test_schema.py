import asyncio
import sqlite3
from importlib import resources
from pathlib import Path

import pytest

from store.catalog.schema import migrate
from store.catalog.sqlite import Database
from store.errors import Refused


def test_migrations_are_applied_once(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "c", isolation_level=None)
    migrate(connection)
    schema = connection.execute("SELECT sql FROM sqlite_master ORDER BY name").fetchall()
    assert connection.execute("PRAGMA user_version").fetchone() == (2,)
    migrate(connection)
    assert connection.execute("SELECT sql FROM sqlite_master ORDER BY name").fetchall() == schema
    assert connection.execute("SELECT count(*) FROM catalog").fetchone() == (1,)
    connection.close()


def test_a_catalog_of_the_first_release_is_brought_up_to_date(tmp_path: Path) -> None:
    first = resources.files("store.catalog").joinpath("migrations", "0001_initial.sql").read_text("utf-8")
    connection = sqlite3.connect(tmp_path / "c")
    connection.executescript(first + "PRAGMA user_version = 1;")
    connection.execute("INSERT INTO catalog VALUES (7, zeroblob(32), 2, 1)")
    connection.execute("INSERT INTO entities VALUES (1, 'team', 1, 1)")
    connection.execute("INSERT INTO projects VALUES (2, 1, 'p', 'text', 1, 2, 3, 4, 5)")
    connection.execute("INSERT INTO filesets (id, project_id, created_ns, changed_ns) VALUES (1, 2, 1, 1)")
    connection.commit()
    connection.close()
    with pytest.raises(Refused, match=r"schema 1 .* works with \d+: `runfs serve` brings it up to date"):
        Database.open(tmp_path / "c", upgrade=False)
    database = Database.open(tmp_path / "c")
    db = database._writer
    assert db.execute("SELECT * FROM projects").fetchall() == [(2, 1, "p", "text", 1, 2, 3, 4, 5)]
    assert db.execute("PRAGMA foreign_key_check").fetchall() == []
    assert db.execute("PRAGMA foreign_keys").fetchone() == (1,)
    with pytest.raises(sqlite3.IntegrityError):
        db.execute("DELETE FROM projects")  # the filesets' foreign key leads to the new table
    db.execute("DELETE FROM filesets")
    db.execute("DELETE FROM projects")
    db.execute("INSERT INTO projects SELECT NULL, 1, 'q', '', 1, 1, 1, 1, 1")
    assert db.execute("SELECT id FROM projects").fetchall() == [(3,)]  # ids are never used again
    asyncio.run(database.close())


def test_a_migration_that_fails_leaves_nothing(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "c", isolation_level=None)
    connection.execute("CREATE TABLE changes (seq)")  # the last table of the first migration
    with pytest.raises(sqlite3.OperationalError, match="already exists"):
        migrate(connection)
    assert connection.execute("SELECT name FROM sqlite_master").fetchall() == [("changes",)]
    assert connection.execute("PRAGMA user_version").fetchone() == (0,)
    connection.close()


def test_a_newer_catalog_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "c"
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 999")
    connection.close()
    with pytest.raises(Refused, match=r"schema 999.*newer runfs"):
        Database.open(path)
