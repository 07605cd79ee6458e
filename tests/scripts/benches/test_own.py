"""Cloning a run multiplies its files, each whole and on its own."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

import pytest
from benches import own

MIGRATIONS = Path(__file__).parents[3] / "store" / "catalog" / "migrations"


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """A catalog of one run with a directory of two files, one of them empty."""
    path = tmp_path / "catalog.db"
    with contextlib.closing(sqlite3.connect(path)) as db, db:
        for migration in sorted(MIGRATIONS.glob("*.sql")):
            db.executescript(migration.read_text())
        db.executescript("""
            INSERT INTO entities VALUES (1, 'e', 1, 1);
            INSERT INTO projects (id, entity_id, name, created_ns, changed_ns, runs_changed_ns,
                sweeps_changed_ns, artifacts_changed_ns) VALUES (1, 1, 'p', 1, 1, 1, 1, 1);
            INSERT INTO filesets (id, project_id, created_ns, changed_ns) VALUES (1, 1, 1, 1);
            INSERT INTO runs (id, project_id, fileset_id, name, display_name, state, created_ns, changed_ns,
                names_changed_ns, heartbeat_ns) VALUES (1, 1, 1, 'run-0000', 'd', 'running', 1, 1, 1, 1);
            INSERT INTO blobs (id, key, size, sha256, created_ns) VALUES (1, 'k', 5, x'00', 1);
            INSERT INTO entries (id, fileset_id, parent_id, name, path, version_id, created_ns, changed_ns)
            VALUES (1, 1, 0, 'd', 'd', NULL, 1, 1), (2, 1, 1, 'a', 'd/a', 1, 1, 1),
                (3, 1, 1, 'b', 'd/b', 2, 1, 1);
            INSERT INTO versions (id, entry_id, fileset_id, number, size, content_type, created_ns,
                changed_ns) VALUES (1, 2, 1, 1, 5, 't', 1, 1), (2, 3, 1, 1, 0, 't', 1, 1);
            INSERT INTO segments VALUES (1, 0, 5, 1);
        """)
    return path


def test_each_clone_is_a_run_of_the_same_files(database: Path) -> None:
    own.clone_run(database, 3)
    with contextlib.closing(sqlite3.connect(database)) as db:
        assert db.execute("PRAGMA foreign_key_check").fetchall() == []
        assert db.execute("SELECT name FROM runs ORDER BY id").fetchall() == [
            ("run-0000",), ("run-1",), ("run-2",), ("run-3",),
        ]  # fmt: skip
        files = db.execute("""
            SELECT runs.name, entries.path, versions.size, blobs.key FROM runs
            JOIN entries USING (fileset_id) JOIN entries AS above ON above.id = entries.parent_id
                AND above.fileset_id = entries.fileset_id AND above.path = 'd'
            JOIN versions ON versions.id = entries.version_id AND versions.entry_id = entries.id
                AND versions.fileset_id = entries.fileset_id
            LEFT JOIN segments ON segments.version_id = versions.id
            LEFT JOIN blobs ON blobs.id = segments.blob_id
            ORDER BY runs.id, entries.path
        """).fetchall()
        assert files == [
            (run, path, size, key)
            for run in ("run-0000", "run-1", "run-2", "run-3")
            for path, size, key in (("d/a", 5, "k"), ("d/b", 0, None))
        ]
