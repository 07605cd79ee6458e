"""Cloning a run multiplies its files; two servers that are compared are asked in turn."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

import pytest
from benches import cli, dataset, own

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


def test_two_servers_are_asked_in_turn_each_first_every_other_time() -> None:
    asked: list[str] = []
    # The machine gets slower all the time: whoever were always asked second would look worse.
    rates = iter([100, 90, 81, 72.9, 65.6, 59, 53.1, 47.8, 43, 38.7])

    def rate(load: str) -> float:
        asked.append(load)
        return next(rates) * (2 if load == "one" else 1)

    ratio = own._in_turn("one", "other", rate)  # type: ignore[arg-type]
    assert asked == ["other", "one", "one", "other", "other", "one", "one", "other", "other", "one"]
    assert ratio == pytest.approx(1.8, abs=0.01)


def test_what_a_twin_lists_does_not_touch_the_data(tmp_path: Path, programs: Path) -> None:
    work = tmp_path / "work"
    (work / "programs").mkdir(parents=True)
    for program in programs.iterdir():
        (work / "programs" / program.name).symlink_to(program)
    plan = cli.Plan(True, 1, work, work / "nfs.json")
    dataset.make_and_copy(
        plan, dataset.Shape(runs=1, flat_files=20, large_mib=1), work / "data", work / "folder"
    )
    row = own.after_listing(plan, work / "data")
    assert (row.unit, len(row.rounds["runfs"])) == ("x", 1)
    assert [(aim.bound, aim.want, aim.better) for aim in row.aims] == [(0.9, 0.97, "more")]
    assert (work / "twin" / "blobs").resolve() == work / "data" / "blobs"
    assert not (work / "data" / "catalog.sqlite3").is_symlink()
    assert (work / "folder" / dataset.LARGE).stat().st_size == 1 << 20
