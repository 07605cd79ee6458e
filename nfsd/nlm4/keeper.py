"""Decides over locks: the tables, the grace period, and the calls back to who waited.

After a restart of ours all locks are gone, while clients still believe in theirs. Those that held some are
told, and for GRACE_SECONDS only they may take locks, by reclaiming; everybody else is asked to come again.
There is no such time if nobody held any.

A waiting request that can be granted is taken first, then its client is called. A client that does not want
it any more, or does not answer, loses it again, unless it asked anew in the meantime and was told that it
has it.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any

import xdr
from nfsd.nlm4.locks import END, Host, Lock, Locks, Owner, TooMany, Waiting
from nfsd.nlm4.shares import Share, Shares
from nfsd.nlm4.types import (
    NLM4_VERS,
    NLM_PROG,
    nlm4_lock,
    nlm4_res,
    nlm4_share,
    nlm4_stats,
    nlm4_testargs,
)
from nfsd.nsm import Client, Monitored
from nfsd.portmap import Callbacks, Failure

log = logging.getLogger(__name__)

GRACE_SECONDS = 10.0
GRANTED_TRIES = 2
GRANTED_PAUSE_SECONDS = 2.0
"""Others wait behind who does not answer; a kernel that missed the call asks again by itself within 30 s."""
NLM4_GRANTED_PROC = 5

Resolve = Callable[[bytes], Awaitable[object]]
"""Raises OSError for a file handle that names no file of ours."""


class Refused(Exception):
    """A lock that is not given, with the status that says why."""

    def __init__(self, stat: nlm4_stats) -> None:
        super().__init__(stat.name)
        self.stat = stat


class Keeper:
    """The lock manager's state and rules, without its protocol."""

    def __init__(
        self,
        monitored: Monitored,
        callbacks: Callbacks,
        resolve: Resolve,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.locks = Locks()
        self.shares = Shares()
        self._monitored = monitored
        self._callbacks = callbacks
        self._resolve = resolve
        self._clock = clock
        self._grace_ends = clock() + (GRACE_SECONDS if monitored.clients else 0)
        self._unconfirmed: set[tuple[bytes, Owner]] = set()
        """Grants that a client was called about and has not answered."""
        self._tasks: set[asyncio.Task[None]] = set()

    async def test(self, address: str, exclusive: bool, wanted: nlm4_lock) -> Lock | None:
        """The lock that stands in the way. Raises Refused."""
        self._check_grace(reclaim=False)
        await self._check_file(wanted.fh)
        return self.locks.conflict(wanted.fh, _lock(address, exclusive, wanted))

    async def lock(
        self,
        address: str,
        exclusive: bool,
        wanted: nlm4_lock,
        cookie: bytes,
        block: bool,
        reclaim: bool,
        watch: bool,
    ) -> nlm4_stats:
        """Take a lock, wait for it, or say why neither."""
        try:
            self._check_grace(reclaim)
            await self._check_file(wanted.fh)
            lock = _lock(address, exclusive, wanted)
            if watch:
                await self._watch(lock.owner.host)
            if self.locks.take(wanted.fh, lock) is None:
                self._unconfirmed.discard((wanted.fh, lock.owner))
                self._grant(wanted.fh)  # an exclusive lock may have become a shared one
                return nlm4_stats.NLM4_GRANTED
            if not block:
                return nlm4_stats.NLM4_DENIED
            waits = self.locks.wait(wanted.fh, lock, cookie)
            return nlm4_stats.NLM4_BLOCKED if waits else nlm4_stats.NLM4_DEADLCK
        except Refused as refused:
            return refused.stat
        except TooMany as error:
            log.warning("a lock for %s is refused: %s", address, error)
            return nlm4_stats.NLM4_DENIED_NOLOCKS

    async def cancel(self, address: str, exclusive: bool, wanted: nlm4_lock) -> nlm4_stats:
        """Take back a request that waits; DENIED if it does not, or no more."""
        try:
            waited = self.locks.cancel(wanted.fh, _lock(address, exclusive, wanted))
        except Refused as refused:
            return refused.stat
        return nlm4_stats.NLM4_GRANTED if waited else nlm4_stats.NLM4_DENIED

    async def unlock(self, address: str, wanted: nlm4_lock) -> nlm4_stats:
        """Give a range back, held or not; it may be of a file that is gone, and in the grace period too."""
        try:
            lock = _lock(address, False, wanted)
            self.locks.give_back(wanted.fh, lock.owner, lock.start, lock.end)
        except Refused as refused:
            return refused.stat
        except TooMany as error:
            log.warning("an unlock for %s is refused: %s", address, error)
            return nlm4_stats.NLM4_DENIED_NOLOCKS
        self._unconfirmed.discard((wanted.fh, lock.owner))
        self._grant(wanted.fh)
        return nlm4_stats.NLM4_GRANTED

    async def share(self, address: str, wanted: nlm4_share, reclaim: bool) -> nlm4_stats:
        """Reserve a file, or say why not."""
        try:
            self._check_grace(reclaim)
            await self._check_file(wanted.fh)
            host = Host(address, _text(wanted.caller_name))
            await self._watch(host)
            share = Share(access=wanted.access, mode=wanted.mode)
            done = self.shares.take(wanted.fh, host, wanted.oh, share)
        except Refused as refused:
            return refused.stat
        except TooMany as error:
            log.warning("a share for %s is refused: %s", address, error)
            return nlm4_stats.NLM4_DENIED_NOLOCKS
        return nlm4_stats.NLM4_GRANTED if done else nlm4_stats.NLM4_DENIED

    async def unshare(self, address: str, wanted: nlm4_share) -> nlm4_stats:
        """Give a reservation back."""
        self.shares.give_back(wanted.fh, Host(address, _text(wanted.caller_name)), wanted.oh)
        return nlm4_stats.NLM4_GRANTED

    def forget(self, host: Host) -> None:
        """Release everything of a host."""
        self.shares.forget(host)
        for file in self.locks.forget(host):
            self._grant(file)

    async def rebooted(self, address: str, name: str) -> None:
        """Release everything of the host at an address that has started again.

        Its monitor may give a longer name than its locks did. Only where several hosts are behind one
        address must the names agree, up to their first dot.
        """
        here = [host for host in self.locks.hosts() | self.shares.hosts() if host.address == address]
        named = [host for host in here if _label(host.name) == _label(name)]
        for host in named or (here if len(here) == 1 else []):
            self.forget(host)

    @property
    def in_grace(self) -> bool:
        """Whether only locks that were held before our start may be taken."""
        return self._clock() < self._grace_ends

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Let something go on in the background until `stop`."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def stop(self) -> None:
        """Call nobody any more, and remember who holds locks: only they need hear of our next start.

        Within the grace period those count too who have not yet claimed theirs.
        """
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        hosts = self.locks.hosts() | self.shares.hosts()
        try:
            await self._monitored.keep({Client(host.address, host.name) for host in hosts}, self.in_grace)
        except OSError as error:
            log.warning("the list of clients that hold locks is as it was: %s", error)

    def _check_grace(self, reclaim: bool) -> None:
        if self.in_grace != reclaim:
            raise Refused(nlm4_stats.NLM4_DENIED_GRACE_PERIOD)

    async def _check_file(self, handle: bytes) -> None:
        try:
            await self._resolve(handle)
        except OSError:
            raise Refused(nlm4_stats.NLM4_STALE_FH) from None

    async def _watch(self, host: Host) -> None:
        """Before a host has a lock it is on disk that it must hear of our next start."""
        try:
            await self._monitored.watch(Client(host.address, host.name))
        except OSError as error:
            log.error("no lock is given, the list of clients cannot be written: %s", error)
            raise Refused(nlm4_stats.NLM4_DENIED_NOLOCKS) from None

    def _grant(self, file: bytes) -> None:
        """Grant what can be granted, and call those who waited."""
        for waiting in self.locks.grant(file):
            self._unconfirmed.add((file, waiting.lock.owner))
            self.start(self._call(waiting))

    async def _call(self, waiting: Waiting) -> None:
        lock, host = waiting.lock, waiting.lock.owner.host
        stat = nlm4_stats.NLM4_FAILED
        wanted = nlm4_testargs(waiting.cookie, lock.exclusive, _alock(waiting))
        arguments = xdr.pack(nlm4_testargs, wanted)
        for attempt in range(GRANTED_TRIES):
            if attempt:
                await asyncio.sleep(GRANTED_PAUSE_SECONDS)
            try:
                reply = await self._callbacks.call(
                    host.address, NLM_PROG, NLM4_VERS, NLM4_GRANTED_PROC, arguments
                )
                stat = xdr.unpack(nlm4_res, reply).stat.stat
                break
            except Failure as error:
                log.warning("%s could not be told of its lock: %s", host.address, error)
        unconfirmed = (waiting.file, lock.owner) in self._unconfirmed
        self._unconfirmed.discard((waiting.file, lock.owner))
        if stat != nlm4_stats.NLM4_GRANTED and unconfirmed:
            with suppress(TooMany):  # it stays, as part of a larger one of its owner
                self.locks.give_back(waiting.file, lock.owner, lock.start, lock.end)
            self._grant(waiting.file)


def _lock(address: str, exclusive: bool, wanted: nlm4_lock) -> Lock:
    """A lock as the tables have it; Refused where it goes beyond the last byte that there could be."""
    end = wanted.l_offset + wanted.l_len if wanted.l_len else END
    if end > END:
        raise Refused(nlm4_stats.NLM4_FBIG)
    owner = Owner(Host(address, _text(wanted.caller_name)), wanted.svid)
    return Lock(owner, exclusive, wanted.l_offset, end, wanted.oh)


def _alock(waiting: Waiting) -> nlm4_lock:
    """A lock as its client knows it."""
    lock = waiting.lock
    name = lock.owner.host.name.encode("utf-8", "surrogateescape")
    length = lock.end - lock.start if lock.end < END else 0
    return nlm4_lock(name, waiting.file, lock.mark, lock.owner.svid, lock.start, length)


def _text(name: bytes) -> str:
    return name.decode("utf-8", "surrogateescape")


def _label(name: str) -> str:
    return name.lower().partition(".")[0]
