from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from store.catalog import Catalog, blobs, projects, runs, snapshot
from store.errors import Refused, Unavailable


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


async def test_a_copy_is_the_catalog_of_its_moment(tmp_path: Path) -> None:
    catalog = await Catalog.open(tmp_path / "catalog", poll_s=None)
    project = await catalog.write(lambda tx: projects.ensure(tx, "a", "b"))
    await catalog.write(lambda tx: runs.create(tx, project.id, "before"))
    await catalog.write(lambda tx: blobs.create(tx, "0" * 32, 3, bytes(32), None))

    assert snapshot.take(tmp_path / "catalog", tmp_path / "copy") == catalog.id
    await catalog.write(lambda tx: runs.create(tx, project.id, "after"))

    assert list(snapshot.blobs(tmp_path / "copy")) == [("0" * 32, 3, bytes(32))]
    assert sorted(names(tmp_path)) == [
        "catalog",
        "catalog-shm",
        "catalog-wal",
        "copy",
    ]  # all in one file
    copy = await Catalog.open(tmp_path / "copy", poll_s=None)
    assert copy.secret == catalog.secret
    assert await runs.by_name(copy.direct, project.id, "before") is not None
    assert await runs.by_name(copy.direct, project.id, "after") is None
    await copy.close()
    await catalog.close()


async def test_what_a_newer_catalog_holds_besides_is_not_left_out(tmp_path: Path) -> None:
    await (await Catalog.open(tmp_path / "catalog", poll_s=None)).close()
    with closing(sqlite3.connect(tmp_path / "catalog")) as database:
        database.execute("PRAGMA user_version = 999")
    with pytest.raises(Refused, match=r"schema 999.*newer runfs"):
        snapshot.take(tmp_path / "catalog", tmp_path / "copy")


async def test_no_id_is_given_again_after_a_restore(tmp_path: Path) -> None:
    catalog = await Catalog.open(tmp_path / "catalog", poll_s=None)
    snapshot.take(tmp_path / "catalog", tmp_path / "copy")  # with no row in any table yet
    copy = await Catalog.open(tmp_path / "copy", poll_s=None)
    with closing(sqlite3.connect(tmp_path / "catalog")) as database:
        found = database.execute("SELECT name FROM sqlite_schema WHERE sql LIKE '%AUTOINCREMENT%'").fetchall()
    for (table,) in found:
        row = await copy.direct.one("SELECT seq FROM sqlite_sequence WHERE name = ?", table)
        assert row is not None, table
        assert row[0] >= snapshot.IDS_SKIPPED, table
    original = await catalog.write(lambda tx: projects.ensure(tx, "a", "b"))
    restored = await copy.write(lambda tx: projects.ensure(tx, "c", "d"))
    assert restored.id > original.id + snapshot.IDS_SKIPPED // 2
    await copy.close()
    await catalog.close()


def test_what_is_no_catalog_is_named(tmp_path: Path) -> None:
    (tmp_path / "text").write_text(
        "no database, whatever its name says, but long enough to be read as one" * 20
    )
    with pytest.raises(Refused, match="text is not a runfs catalog"):
        snapshot.id_of(tmp_path / "text")
    with pytest.raises(Unavailable, match="cannot open the catalog"):
        snapshot.take(tmp_path / "nothing", tmp_path / "copy")
    sqlite3.connect(tmp_path / "other").close()
    with pytest.raises(Refused, match="other is not a runfs catalog"):
        snapshot.id_of(tmp_path / "other")
