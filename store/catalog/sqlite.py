"""The catalog's database file: opened, migrated, read by two sessions and written in groups by one thread.

Theory of operation. A transaction is a coroutine function that awaits only its own session. On SQLite that
session never suspends, so the writer's thread steps the coroutine from start to end: a whole group of
transactions costs the loop one thread hop and the disk one fsync, where aiosqlite would hop once a statement
(55 us each, some ten to a registration). Each transaction has a savepoint; one that raises is rolled back
alone, the others commit.

WAL with synchronous=FULL: when COMMIT has returned, the rows survive a power cut. A COMMIT that failed is
never repeated here: after a failed fsync a second one may succeed without the data being on the disk.
"""

import logging
import os
import sqlite3
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import aiosqlite

from store.catalog import globs
from store.catalog.rows import Change
from store.catalog.schema import migrate
from store.catalog.select import every
from store.catalog.session import Direct, Session, Threaded, translated, unusable
from store.catalog.topics import Topic
from store.errors import StoreError, Unavailable

BUSY_TIMEOUT_S = 10.0  # another process (runfs key, runfs gc) may hold the write lock that long
CHANGES_KEPT = 250_000  # older ones are pruned; a follower that missed them is told to forget everything
RESERVE_BYTES = 128 * 1024 * 1024  # at most, of 2.5 % of the disk: what only shrinking may use, see `scarce`
_PAGE_CACHE_KIB = 16 * 1024

log = logging.getLogger(__name__)


class Transaction(Direct):
    """The session of one transaction: `now_ns` is its time, `changed` tells followers what it altered.

    `scarce` says that the disk is nearly full: what only adds rows is refused, for deleting needs room too.
    """

    def __init__(self, connection: sqlite3.Connection, now_ns: int, scarce: bool) -> None:
        super().__init__(connection)
        self.now_ns = now_ns
        self.scarce = scarce
        self.changes: dict[tuple[int, int, int], None] = {}  # in order, each once

    def changed(self, topic: Topic, object_id: int, parent_id: int = 0) -> None:
        """Tell followers, once this transaction is durable, that the object is not what they remember."""
        self.changes[topic.value, object_id, parent_id] = None


Work = Callable[[Transaction], Awaitable[Any]]


class Outcome(NamedTuple):
    """What became of one transaction: its result, or the error that it ends with."""

    result: Any = None
    error: BaseException | None = None


class _TakenDown(Exception):
    """A statement's failure made SQLite roll back the whole group, with the transactions before it."""


class Database:
    """One SQLite file:

    `direct` and `read` are its read-only sessions, `commit` its only way to be written.
    """

    def __init__(self, writer: sqlite3.Connection, reader: sqlite3.Connection, path: Path) -> None:
        self._writer = writer
        self._reader = reader
        self._path = path
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="catalog-writer")
        self._last_ns = 0
        self._aiosqlite: aiosqlite.Connection | None = None
        self.direct: Session = Direct(reader)
        self.id, self.secret = writer.execute("SELECT id, secret FROM catalog").fetchone()

    @classmethod
    def open(cls, path: Path, upgrade: bool = True) -> "Database":
        """Open the file and bring its schema up to date; with `upgrade`, make one where none is. Blocking.

        Errors: Refused for a file that is no catalog, that comes from a newer runfs, or that would need the
        `upgrade` which is not wanted; Unavailable, NoSpace.
        """
        with ExitStack() as undo:
            try:
                # It holds the secret that handles and URLs are signed with; -wal and -shm get its mode.
                make = os.O_CREAT if upgrade else 0
                os.close(os.open(path, os.O_RDWR | os.O_CLOEXEC | make, 0o600))
                writer = _connect(path, "rw")
                undo.callback(writer.close)
                writer.execute("PRAGMA journal_mode = WAL").fetchone()
                writer.execute("PRAGMA synchronous = FULL")
                migrate(writer, upgrade)
                writer.execute("PRAGMA foreign_keys = ON")
                database = cls(writer, _connect(path, "ro"), path)
            except OSError as error:
                raise Unavailable(f"cannot open the catalog {path}: {error.strerror}") from error
            except sqlite3.Error as error:
                refused = unusable(path, error)
                if refused is not None:
                    raise refused from error
                raise translated(error) from error
            undo.pop_all()
        return database

    async def threaded(self) -> Session:
        """A read-only session whose statements run off the loop."""
        self._aiosqlite = await aiosqlite.connect(
            _uri(self._path, "ro"), uri=True, isolation_level=None, timeout=BUSY_TIMEOUT_S
        )
        await self._aiosqlite.execute_fetchall(f"PRAGMA cache_size = -{_PAGE_CACHE_KIB}")
        await self._aiosqlite.create_function("path_matches", 2, globs.matches, deterministic=True)
        return Threaded(self._aiosqlite)

    @property
    def executor(self) -> ThreadPoolExecutor:
        """The writer's thread: `commit` belongs there."""
        return self._thread

    def commit(self, works: Sequence[Work], seen: int) -> tuple[list[Outcome], list[Change]]:
        """Run the transactions, commit them together, durably. Blocking; in the writer's thread.

        Gives an outcome for each, then all changes after number `seen`, also those of other processes.
        """
        try:
            outcomes = self._group(works)
        except _TakenDown:
            outcomes = [outcome for work in works for outcome in self._alone(work)]
        except Exception as error:
            outcomes = [Outcome(error=_refusal(error))] * len(works)
        try:
            return outcomes, _stepped(changes_after(Direct(self._writer), seen))
        except (sqlite3.Error, StoreError):
            log.exception("reading the changes failed; they are read again with the next poll")
            return outcomes, []

    def _alone(self, work: Work) -> list[Outcome]:
        try:
            return self._group([work])
        except _TakenDown as error:
            return [Outcome(error=error.__cause__)]
        except Exception as error:
            return [Outcome(error=_refusal(error))]

    def _group(self, works: Sequence[Work]) -> list[Outcome]:
        db = self._writer
        db.execute("BEGIN IMMEDIATE")
        try:
            self._last_ns = max(time.time_ns(), self._last_ns + 1)
            scarce = _is_scarce(self._path)
            outcomes = [self._one(work, scarce) for work in works]
            db.execute("COMMIT")
        except BaseException:
            if db.in_transaction:
                db.execute("ROLLBACK")
            raise
        return outcomes

    def _one(self, work: Work, scarce: bool) -> Outcome:
        db = self._writer
        db.execute("SAVEPOINT work")
        tx = Transaction(db, self._last_ns, scarce)
        try:
            result = _stepped(work(tx))
            db.executemany("INSERT INTO changes (topic, object_id, parent_id) VALUES (?, ?, ?)", tx.changes)
        except Exception as error:
            if not db.in_transaction:  # SQLite itself rolled everything back: disk full, I/O error, no memory
                raise _TakenDown from error
            db.execute("ROLLBACK TO work")
            db.execute("RELEASE work")
            return Outcome(error=error)
        db.execute("RELEASE work")
        return Outcome(result)

    async def close(self) -> None:
        """Finish what is queued and close every connection; the WAL is folded into the file."""
        self._thread.shutdown(wait=True)
        if self._aiosqlite is not None:
            await self._aiosqlite.close()
        self._reader.close()
        self._writer.close()


async def changes_after(db: Session, seen: int) -> list[Change]:
    """All changes with a higher number; an EVERYTHING comes first when some of them were pruned already."""
    changes = await every(db, Change, "WHERE seq > ? ORDER BY seq", seen)
    if changes and changes[0].seq > seen + 1:
        changes.insert(0, Change(changes[0].seq - 1, Topic.EVERYTHING, 0, 0))
    return changes


def _stepped(transaction: Awaitable[Any]) -> Any:
    """Run a coroutine that never suspends."""
    coroutine = transaction.__await__()
    try:
        next(coroutine)
    except StopIteration as done:
        return done.value
    raise RuntimeError("a transaction may await nothing but its own session")


def _is_scarce(path: Path) -> bool:
    about = os.statvfs(path)
    reserve = min(RESERVE_BYTES, about.f_blocks * about.f_frsize // 40)
    return about.f_bavail * about.f_frsize < reserve


def _refusal(error: Exception) -> Exception:
    if isinstance(error, StoreError):
        return error
    if isinstance(error, OSError):
        return Unavailable(
            f"the catalog's disk is failing ({error.strerror}); see to it, then try again", 5.0
        )
    return translated(error) if isinstance(error, sqlite3.Error) else error


def _uri(path: Path, mode: str) -> str:
    return f"file:{quote(str(path.absolute()))}?mode={mode}"


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    connection = sqlite3.connect(
        _uri(path, mode),
        uri=True,
        timeout=BUSY_TIMEOUT_S,
        isolation_level=None,  # transactions are begun and ended here, never by the module
        check_same_thread=False,
        cached_statements=512,
    )
    connection.execute(f"PRAGMA cache_size = -{_PAGE_CACHE_KIB}")
    connection.create_function("path_matches", 2, globs.matches, deterministic=True)
    return connection
