"""The catalog: what exists. Everyone reads it; all writes go through one queue and are followed by others.

A write is acknowledged (its awaiting caller goes on) in this order: rows durable, followers told, result
given. So whoever reads after an acknowledged write finds neither old rows nor a follower that still believes
in them.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

from store.catalog.rows import Change
from store.catalog.session import Session
from store.catalog.sqlite import CHANGES_KEPT, Database, Transaction, Work, changes_after
from store.errors import Refused, Unavailable

POLL_S = 0.5  # how often changes made by other processes are looked for; they are promised within 1 s
GROUP_MAX = 256  # transactions in one commit: bounds how long the first of them waits for the last

Follower = Callable[[list[Change]], None]
T = TypeVar("T")

log = logging.getLogger(__name__)


class Catalog:
    """An open catalog.

    `direct` answers in place (the NFS side), `read` off the loop (HTTP), `write` durably.
    """

    def __init__(self, database: Database, read: Session) -> None:
        self._database = database
        self._queue: list[tuple[Work, asyncio.Future[Any]]] = []
        self._followers: list[Follower] = []
        self._writing: asyncio.Task[None] | None = None
        self._polling: asyncio.Task[None] | None = None
        self._closed = False
        self.id: int = database.id
        self.secret: bytes = database.secret
        self.direct = database.direct
        self.read = read

    @classmethod
    async def open(cls, where: str | Path, poll_s: float | None = POLL_S, upgrade: bool = True) -> "Catalog":
        """Open or create the catalog at a path or a sqlite:///path URL.

        It looks for other processes' changes every `poll_s` seconds; with None only `poll` does. Without
        `upgrade` one of an older schema is refused. Errors: Refused, Unavailable, NoSpace.
        """
        text = str(where)
        if "://" in text and not text.startswith("sqlite:///"):
            raise Refused(f"{text}: a catalog is a path or sqlite:///path")
        database = await asyncio.to_thread(Database.open, Path(text.removeprefix("sqlite:///")), upgrade)
        catalog = cls(database, await database.threaded())
        row = await catalog.direct.one("SELECT coalesce(max(seq), 0) FROM changes")
        catalog._seen = int(row[0]) if row else 0
        if poll_s is not None:
            catalog._polling = asyncio.create_task(catalog._poll_for_ever(poll_s), name="catalog poll")
        return catalog

    _seen = 0  # the number of the last change that followers were told of

    async def write(self, work: Callable[[Transaction], Awaitable[T]]) -> T:
        """Run `work(tx)` as one transaction and give its result once it is durable and followers know of it.

        `work` may await nothing but `tx`, and may be run a second time after it was undone. What it raises is
        raised here, and none of it is kept. Errors besides its own: Unavailable, NoSpace.
        """
        if self._closed:
            raise Unavailable("the catalog is closed")
        done: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._queue.append((work, done))
        if self._writing is None:
            self._writing = asyncio.create_task(self._write_queued(), name="catalog writer")
        return await done

    def follow(self, follower: Follower) -> None:
        """Have `follower(changes)` called with every change from now on, in order, before it is acknowledged.

        It must be quick and must not raise. A change whose topic is EVERYTHING means that some were missed.
        """
        self._followers.append(follower)

    async def poll(self) -> None:
        """Tell followers what other processes changed."""
        row = await self.direct.one("SELECT max(seq) FROM changes")
        if row is not None and row[0] is not None and row[0] > self._seen:
            self._tell(await self.changes_after(self._seen))

    async def changes_after(self, seq: int) -> list[Change]:
        """The changes with a higher number, in order."""
        return await changes_after(self.direct, seq)

    async def prune(self, keep: int = CHANGES_KEPT) -> None:
        """Drop all but the newest changes, so that the table does not grow for ever."""

        async def work(tx: Transaction) -> None:
            await tx.run("DELETE FROM changes WHERE seq <= (SELECT max(seq) FROM changes) - ?", keep)

        await self.write(work)

    async def close(self) -> None:
        """Finish the queued writes and close. Later writes are refused."""
        self._closed = True
        if self._polling is not None:
            self._polling.cancel()
        while self._writing is not None:
            await asyncio.wait([self._writing])
        await self._database.close()

    async def _write_queued(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while self._queue:
                group, self._queue = self._queue[:GROUP_MAX], self._queue[GROUP_MAX:]
                outcomes, changes = await loop.run_in_executor(
                    self._database.executor, self._database.commit, [work for work, _ in group], self._seen
                )
                self._tell(changes)
                for (_, done), outcome in zip(group, outcomes, strict=True):
                    if done.cancelled():
                        continue
                    if outcome.error is not None:
                        done.set_exception(outcome.error)
                    else:
                        done.set_result(outcome.result)
        finally:
            self._writing = None

    def _tell(self, changes: list[Change]) -> None:
        changes = [change for change in changes if change.seq > self._seen]  # a poll may have been quicker
        if not changes:
            return
        self._seen = changes[-1].seq
        for follower in self._followers:
            try:
                follower(changes)
            except Exception:
                log.exception("a follower of the catalog failed; the others go on")

    async def _poll_for_ever(self, every_s: float) -> None:
        while True:
            await asyncio.sleep(every_s)
            try:
                await self.poll()
            except Exception:
                log.exception("looking for other processes' changes failed; tried again in %s s", every_s)
