import asyncio
import struct
from typing import Any

import pytest

import xdr
from nfsd.nlm4.program import NLM4
from nfsd.nlm4.types import (
    fsh4_access,
    fsh4_mode,
    nlm4_cancargs,
    nlm4_holder,
    nlm4_lockargs,
    nlm4_notify,
    nlm4_res,
    nlm4_share,
    nlm4_shareargs,
    nlm4_shareres,
    nlm4_stat,
    nlm4_stats,
    nlm4_testargs,
    nlm4_testres,
    nlm4_testrply,
    nlm4_unlockargs,
)
from nfsd.rpc import Dispatch, Peer

TEST, LOCK, CANCEL, UNLOCK, GRANTED = range(1, 6)
MSG = 5
"""What lies between a procedure's number and that of its _MSG form, and between that and its _RES."""
SHARE, UNSHARE, NM_LOCK, FREE_ALL = range(20, 24)
COOKIE = b"cookie"


class Caller:
    def __init__(self, bench: Any) -> None:
        self.bench = bench
        self.dispatch = Dispatch([NLM4(bench.keeper, bench.clients)])

    async def ask(self, number: int, value: Any, result: Any = nlm4_res) -> Any:
        record = struct.pack(">10I", 1, 0, 2, 100021, 4, number, 0, 0, 0, 0) + xdr.pack(type(value), value)
        reply: Any = self.dispatch.answer(record, Peer("127.0.0.1", 700, "tcp"))
        parts = reply if isinstance(reply, list) else await reply
        data = b"".join(parts)[4:]
        assert data[:24] == struct.pack(">6I", 1, 1, 0, 0, 0, 0)
        return xdr.unpack(result, data[24:])

    def lock(self, svid: int, block: bool = False) -> nlm4_lockargs:
        return nlm4_lockargs(COOKIE, block, True, self.bench.lock_of(svid), False, 0)

    def test(self, svid: int) -> nlm4_testargs:
        return nlm4_testargs(COOKIE, True, self.bench.lock_of(svid))


@pytest.fixture
def caller(bench: Any) -> Caller:
    return Caller(bench)


def result(stat: nlm4_stats) -> nlm4_res:
    return nlm4_res(COOKIE, nlm4_stat(stat))


async def test_lock_test_cancel_unlock(caller: Caller, bench: Any) -> None:
    assert await caller.ask(LOCK, caller.lock(1)) == result(nlm4_stats.NLM4_GRANTED)
    assert await caller.ask(LOCK, caller.lock(2)) == result(nlm4_stats.NLM4_DENIED)
    assert await caller.ask(LOCK, caller.lock(2, block=True)) == result(nlm4_stats.NLM4_BLOCKED)
    holder = nlm4_holder(True, 1, b"mark1", 0, 0)
    tested = nlm4_testres(COOKIE, nlm4_testrply(nlm4_stats.NLM4_DENIED, holder))
    assert await caller.ask(TEST, caller.test(2), nlm4_testres) == tested
    cancel = nlm4_cancargs(COOKIE, True, True, bench.lock_of(2))
    assert await caller.ask(CANCEL, cancel) == result(nlm4_stats.NLM4_GRANTED)
    unlock = nlm4_unlockargs(COOKIE, bench.lock_of(1))
    assert await caller.ask(UNLOCK, unlock) == result(nlm4_stats.NLM4_GRANTED)
    tested = nlm4_testres(COOKIE, nlm4_testrply(nlm4_stats.NLM4_GRANTED, None))
    assert await caller.ask(TEST, caller.test(2), nlm4_testres) == tested


async def test_we_wait_for_no_lock_ourselves(caller: Caller) -> None:
    assert await caller.ask(GRANTED, caller.test(2)) == result(nlm4_stats.NLM4_DENIED)


async def test_the_message_forms_answer_by_a_call(caller: Caller, bench: Any) -> None:
    async def sent(number: int, value: Any, declared: Any) -> Any:
        assert await caller.ask(number + MSG, value, None) is None
        async with asyncio.timeout(20):
            client, procedure, arguments = await bench.clients.calls.get()
        assert (client, procedure) == ("127.0.0.1", number + 2 * MSG)
        return xdr.unpack(declared, arguments)

    lock = bench.lock_of(1)
    assert await sent(LOCK, caller.lock(1), nlm4_res) == result(nlm4_stats.NLM4_GRANTED)
    tested = await sent(TEST, caller.test(2), nlm4_testres)
    assert tested.stat.discriminant == nlm4_stats.NLM4_DENIED
    cancel = nlm4_cancargs(COOKIE, True, True, lock)
    assert await sent(CANCEL, cancel, nlm4_res) == result(nlm4_stats.NLM4_DENIED)
    assert await sent(UNLOCK, nlm4_unlockargs(COOKIE, lock), nlm4_res) == result(nlm4_stats.NLM4_GRANTED)
    assert await sent(GRANTED, caller.test(1), nlm4_res) == result(nlm4_stats.NLM4_DENIED)


async def test_an_answer_that_does_not_arrive_is_logged(
    caller: Caller, bench: Any, caplog: pytest.LogCaptureFixture
) -> None:
    bench.clients.answers = [OSError("gone")]
    await caller.ask(LOCK + MSG, caller.lock(1), None)
    await bench.clients.calls.get()
    await asyncio.gather(*bench.keeper._tasks)
    assert "127.0.0.1 could not be answered: gone" in caplog.text


async def test_answers_to_calls_that_we_do_not_make_are_taken(caller: Caller) -> None:
    tested = nlm4_testres(COOKIE, nlm4_testrply(nlm4_stats.NLM4_GRANTED, None))
    assert await caller.ask(TEST + 2 * MSG, tested, None) is None
    for number in (LOCK, CANCEL, UNLOCK, GRANTED):
        assert await caller.ask(number + 2 * MSG, result(nlm4_stats.NLM4_GRANTED), None) is None


async def test_shares(caller: Caller) -> None:
    def share(mark: bytes) -> nlm4_shareargs:
        wanted = nlm4_share(b"a", b"file", mark, fsh4_mode.FSM_DRW, fsh4_access.FSA_RW)
        return nlm4_shareargs(COOKIE, wanted, False)

    granted = nlm4_shareres(COOKIE, nlm4_stats.NLM4_GRANTED, 0)
    assert await caller.ask(SHARE, share(b"1"), nlm4_shareres) == granted
    denied = nlm4_shareres(COOKIE, nlm4_stats.NLM4_DENIED, 0)
    assert await caller.ask(SHARE, share(b"2"), nlm4_shareres) == denied
    assert await caller.ask(UNSHARE, share(b"1"), nlm4_shareres) == granted
    assert await caller.ask(SHARE, share(b"2"), nlm4_shareres) == granted


async def test_a_client_without_a_monitor_frees_all_that_it_held(caller: Caller, bench: Any) -> None:
    assert await caller.ask(NM_LOCK, caller.lock(1)) == result(nlm4_stats.NLM4_GRANTED)
    assert not bench.monitored.clients
    await caller.ask(FREE_ALL, nlm4_notify(b"other", 0), None)
    assert await caller.ask(LOCK, caller.lock(2)) == result(nlm4_stats.NLM4_DENIED)
    await caller.ask(FREE_ALL, nlm4_notify(b"a", 0), None)
    assert await caller.ask(LOCK, caller.lock(2)) == result(nlm4_stats.NLM4_GRANTED)
