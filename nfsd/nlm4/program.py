"""The Network Lock Manager, version 4 (RFC 1813 appendix II, X/Open NFS chapter 10).

A procedure whose name ends in _msg is answered at once with nothing; its result goes to the client as a
call of its own, the procedure that ends in _res. Locks are advisory. Exclusive ones are given although the
files are read-only: programs take them to agree among themselves, not to write.
"""

import logging
from typing import Any

import xdr
from nfsd.nlm4.keeper import Keeper, Refused
from nfsd.nlm4.locks import END, Host
from nfsd.nlm4.types import (
    NLM4_VERS,
    NLM_PROG,
    nlm4_cancargs,
    nlm4_holder,
    nlm4_lockargs,
    nlm4_notify,
    nlm4_res,
    nlm4_shareargs,
    nlm4_shareres,
    nlm4_stat,
    nlm4_stats,
    nlm4_testargs,
    nlm4_testres,
    nlm4_testrply,
    nlm4_unlockargs,
)
from nfsd.portmap import Callbacks, Failure
from nfsd.rpc import Admit, Call, Program, procedure

log = logging.getLogger(__name__)

TEST_RES, LOCK_RES, CANCEL_RES, UNLOCK_RES, GRANTED_RES = range(11, 16)


class NLM4(Program, number=NLM_PROG, version=NLM4_VERS):
    """The protocol of one `Keeper`."""

    def __init__(self, keeper: Keeper, callbacks: Callbacks, admit: Admit = lambda client: True) -> None:
        self._keeper = keeper
        self._admit = admit
        self._callbacks = callbacks

    def admits(self, client: str) -> bool:
        return self._admit(client)

    @procedure(1, nlm4_testargs, nlm4_testres)
    async def nlm4_test(self, arguments: nlm4_testargs, call: Call) -> nlm4_testres:
        """Whether a lock could be had; DENIED names one that stands in the way."""
        stat, holder = nlm4_stats.NLM4_GRANTED, None
        try:
            found = await self._keeper.test(call.client, arguments.exclusive, arguments.alock)
            if found:
                stat = nlm4_stats.NLM4_DENIED
                length = found.end - found.start if found.end < END else 0
                holder = nlm4_holder(found.exclusive, found.owner.svid, found.mark, found.start, length)
        except Refused as refused:
            stat = refused.stat
        return nlm4_testres(arguments.cookie, nlm4_testrply(stat, holder))

    @procedure(2, nlm4_lockargs, nlm4_res)
    async def nlm4_lock(self, arguments: nlm4_lockargs, call: Call) -> nlm4_res:
        """Take a lock; BLOCKED promises a call when it can be had."""
        return await self._lock(arguments, call, watch=True)

    @procedure(3, nlm4_cancargs, nlm4_res)
    async def nlm4_cancel(self, arguments: nlm4_cancargs, call: Call) -> nlm4_res:
        """No longer wait for a lock."""
        stat = await self._keeper.cancel(call.client, arguments.exclusive, arguments.alock)
        return nlm4_res(arguments.cookie, nlm4_stat(stat))

    @procedure(4, nlm4_unlockargs, nlm4_res)
    async def nlm4_unlock(self, arguments: nlm4_unlockargs, call: Call) -> nlm4_res:
        """Give a lock back."""
        stat = await self._keeper.unlock(call.client, arguments.alock)
        return nlm4_res(arguments.cookie, nlm4_stat(stat))

    @procedure(5, nlm4_testargs, nlm4_res)
    async def nlm4_granted(self, arguments: nlm4_testargs, call: Call) -> nlm4_res:
        """What a server calls its client with: we wait for no lock, so there is none to be granted."""
        return nlm4_res(arguments.cookie, nlm4_stat(nlm4_stats.NLM4_DENIED))

    @procedure(6, nlm4_testargs)
    async def nlm4_test_msg(self, arguments: nlm4_testargs, call: Call) -> None:
        """TEST, answered by a call."""
        self._send(call, TEST_RES, nlm4_testres, await self.nlm4_test(arguments, call))

    @procedure(7, nlm4_lockargs)
    async def nlm4_lock_msg(self, arguments: nlm4_lockargs, call: Call) -> None:
        """LOCK, answered by a call."""
        self._send(call, LOCK_RES, nlm4_res, await self.nlm4_lock(arguments, call))

    @procedure(8, nlm4_cancargs)
    async def nlm4_cancel_msg(self, arguments: nlm4_cancargs, call: Call) -> None:
        """CANCEL, answered by a call."""
        self._send(call, CANCEL_RES, nlm4_res, await self.nlm4_cancel(arguments, call))

    @procedure(9, nlm4_unlockargs)
    async def nlm4_unlock_msg(self, arguments: nlm4_unlockargs, call: Call) -> None:
        """UNLOCK, answered by a call."""
        self._send(call, UNLOCK_RES, nlm4_res, await self.nlm4_unlock(arguments, call))

    @procedure(10, nlm4_testargs)
    async def nlm4_granted_msg(self, arguments: nlm4_testargs, call: Call) -> None:
        """GRANTED, answered by a call."""
        self._send(call, GRANTED_RES, nlm4_res, await self.nlm4_granted(arguments, call))

    @procedure(TEST_RES, nlm4_testres)
    async def nlm4_test_res(self, arguments: nlm4_testres, call: Call) -> None:
        """The answer to a TEST_MSG; we send none."""

    @procedure(LOCK_RES, nlm4_res)
    async def nlm4_lock_res(self, arguments: nlm4_res, call: Call) -> None:
        """The answer to a LOCK_MSG; we send none."""

    @procedure(CANCEL_RES, nlm4_res)
    async def nlm4_cancel_res(self, arguments: nlm4_res, call: Call) -> None:
        """The answer to a CANCEL_MSG; we send none."""

    @procedure(UNLOCK_RES, nlm4_res)
    async def nlm4_unlock_res(self, arguments: nlm4_res, call: Call) -> None:
        """The answer to an UNLOCK_MSG; we send none."""

    @procedure(GRANTED_RES, nlm4_res)
    async def nlm4_granted_res(self, arguments: nlm4_res, call: Call) -> None:
        """The answer to a GRANTED_MSG; we send none, for GRANTED itself is answered."""

    @procedure(20, nlm4_shareargs, nlm4_shareres)
    async def nlm4_share(self, arguments: nlm4_shareargs, call: Call) -> nlm4_shareres:
        """Reserve a file."""
        stat = await self._keeper.share(call.client, arguments.share, arguments.reclaim)
        return nlm4_shareres(arguments.cookie, stat, 0)

    @procedure(21, nlm4_shareargs, nlm4_shareres)
    async def nlm4_unshare(self, arguments: nlm4_shareargs, call: Call) -> nlm4_shareres:
        """Give a reservation back."""
        stat = await self._keeper.unshare(call.client, arguments.share)
        return nlm4_shareres(arguments.cookie, stat, 0)

    @procedure(22, nlm4_lockargs, nlm4_res)
    async def nlm4_nm_lock(self, arguments: nlm4_lockargs, call: Call) -> nlm4_res:
        """LOCK for a client without a status monitor: it will not hear of our restarts."""
        return await self._lock(arguments, call, watch=False)

    @procedure(23, nlm4_notify)
    async def nlm4_free_all(self, arguments: nlm4_notify, call: Call) -> None:
        """A client without a status monitor has started again: everything that it held is free."""
        self._keeper.forget(Host(call.client, arguments.name.decode("utf-8", "surrogateescape")))

    async def _lock(self, arguments: nlm4_lockargs, call: Call, watch: bool) -> nlm4_res:
        stat = await self._keeper.lock(
            call.client,
            arguments.exclusive,
            arguments.alock,
            arguments.cookie,
            block=arguments.block,
            reclaim=arguments.reclaim,
            watch=watch,
        )
        return nlm4_res(arguments.cookie, nlm4_stat(stat))

    def _send(self, call: Call, number: int, declared: Any, result: Any) -> None:
        self._keeper.start(self._answer(call.client, number, xdr.pack(declared, result)))

    async def _answer(self, client: str, number: int, packed: bytes) -> None:
        try:
            await self._callbacks.call(client, NLM_PROG, NLM4_VERS, number, packed)
        except Failure as error:
            log.warning("%s could not be answered: %s", client, error)
