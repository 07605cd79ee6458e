import asyncio
import sqlite3
from pathlib import Path
from typing import Any

import aiosqlite
import pytest

from store.catalog import Catalog
from store.catalog.session import Direct, Threaded, translated
from store.errors import NoSpace, Unavailable


def stepped(coroutine: Any) -> Any:
    """The result of a coroutine that never suspends."""
    with pytest.raises(StopIteration) as done:
        coroutine.send(None)
    return done.value.value


def test_direct_never_suspends() -> None:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    db = Direct(connection)
    stepped(db.run("CREATE TABLE t (id INTEGER PRIMARY KEY, a)"))
    assert stepped(db.run("INSERT INTO t (a) VALUES (?)", 5)) == 1
    stepped(db.many("INSERT INTO t (a) VALUES (?)", [(6,), (7,)]))
    assert stepped(db.all("SELECT a FROM t ORDER BY id")) == [(5,), (6,), (7,)]
    assert stepped(db.one("SELECT a FROM t WHERE a > ? ORDER BY id", 5)) == (6,)
    assert stepped(db.one("SELECT a FROM t WHERE a > ?", 7)) is None
    connection.close()


async def test_one_leaves_no_read_open(tmp_path: Path) -> None:
    """An open cursor would keep the WAL from being folded into the file for as long as nobody asks again."""
    catalog = await Catalog.open(tmp_path / "c", poll_s=None)
    await catalog.direct.one("SELECT * FROM sqlite_master")
    other = sqlite3.connect(tmp_path / "c", isolation_level=None)
    assert other.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0
    other.close()
    await catalog.close()


async def test_threaded_leaves_the_loop_free(tmp_path: Path) -> None:
    connection = await aiosqlite.connect(tmp_path / "t", isolation_level=None)
    db = Threaded(connection)
    reading = asyncio.ensure_future(db.all("SELECT 1 UNION SELECT 2 ORDER BY 1"))
    await asyncio.sleep(0)
    assert not reading.done()
    assert await reading == [(1,), (2,)]
    assert await db.one("SELECT 1 WHERE ?", 0) is None
    assert await db.one("SELECT ?", b"x") == (b"x",)
    with pytest.raises(TypeError, match=r"Catalog\.write"):
        await db.run("CREATE TABLE t (a)")
    with pytest.raises(TypeError, match=r"Catalog\.write"):
        await db.many("CREATE TABLE t (a)", [()])
    await connection.close()


async def test_both_sessions_only_read(catalog: Catalog) -> None:
    for write in (catalog.direct.run, catalog.read.all):
        with pytest.raises(Unavailable, match="readonly"):
            await write("UPDATE catalog SET id = 1")


async def test_errors_of_ours_stay_what_they_are(catalog: Catalog) -> None:
    for session in (catalog.direct, catalog.read):
        with pytest.raises(sqlite3.OperationalError, match="no such table"):
            await session.one("SELECT * FROM absent")


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (sqlite3.SQLITE_FULL, NoSpace),
        (sqlite3.SQLITE_BUSY, Unavailable),
        (sqlite3.SQLITE_BUSY_SNAPSHOT, Unavailable),
        (sqlite3.SQLITE_IOERR_FSYNC, Unavailable),
        (sqlite3.SQLITE_CANTOPEN, Unavailable),
        (sqlite3.SQLITE_ERROR, sqlite3.OperationalError),
    ],
)
def test_troubles_of_the_file_are_the_stores(code: int, expected: type[Exception]) -> None:
    error = sqlite3.OperationalError("trouble")
    error.sqlite_errorcode = code
    assert type(translated(error)) is expected


def test_other_errors_are_not_translated() -> None:
    for error in (sqlite3.IntegrityError("UNIQUE"), sqlite3.OperationalError("no code")):
        assert translated(error) is error
