import asyncio
from typing import Any

import pytest

import xdr
from nfsd.nlm4 import keeper as module
from nfsd.nlm4 import locks as locks_module
from nfsd.nlm4.keeper import Refused
from nfsd.nlm4.locks import END, Host
from nfsd.nlm4.types import fsh4_access, fsh4_mode, nlm4_share, nlm4_stats, nlm4_testargs
from nfsd.nsm import Client, Monitored

GRANTED, DENIED, BLOCKED = nlm4_stats.NLM4_GRANTED, nlm4_stats.NLM4_DENIED, nlm4_stats.NLM4_BLOCKED
GRACE = nlm4_stats.NLM4_DENIED_GRACE_PERIOD


async def called(bench: Any) -> tuple[str, nlm4_testargs]:
    """The next client that is told of its lock."""
    async with asyncio.timeout(20):
        client, procedure, arguments = await bench.clients.calls.get()
    assert procedure == 5
    return client, xdr.unpack(nlm4_testargs, arguments)


async def settled(bench: Any) -> None:
    """Wait until nobody is being called."""
    async with asyncio.timeout(20):
        while bench.keeper._tasks:
            await asyncio.wait(bench.keeper._tasks)


async def test_exclusion_among_processes_and_hosts(bench: Any) -> None:
    assert await bench.take(1) == GRANTED
    assert await bench.take(1) == GRANTED
    assert await bench.take(2) == DENIED
    assert await bench.take(1, address="127.0.0.2") == DENIED
    assert await bench.take(1, name="b") == DENIED
    assert await bench.give(1) == GRANTED
    assert await bench.take(2, exclusive=False) == GRANTED
    assert await bench.take(3, exclusive=False) == GRANTED
    assert await bench.take(3) == DENIED


async def test_ranges(bench: Any) -> None:
    assert await bench.take(1, start=10, length=5) == GRANTED
    assert await bench.take(2, start=15, length=5) == GRANTED
    assert await bench.take(2, start=14, length=1) == DENIED
    assert await bench.take(3, start=20, length=0) == GRANTED
    assert await bench.take(4, start=END - 1, length=1) == DENIED
    assert await bench.take(4, start=END - 1, length=2) == nlm4_stats.NLM4_FBIG
    assert await bench.give(4, start=END - 1, length=2) == nlm4_stats.NLM4_FBIG


async def test_a_file_that_is_gone(bench: Any) -> None:
    assert await bench.take(1, file=b"stale") == nlm4_stats.NLM4_STALE_FH
    assert await bench.give(1, file=b"stale") == GRANTED


async def test_test_says_who_is_in_the_way(bench: Any) -> None:
    assert await bench.keeper.test("127.0.0.1", True, bench.lock_of(2)) is None
    await bench.take(1, start=4, length=2)
    found = await bench.keeper.test("127.0.0.1", True, bench.lock_of(2))
    assert (found.owner.svid, found.mark, found.start, found.end) == (1, b"mark1", 4, 6)


async def test_who_waits_is_called_with_what_it_asked_for(bench: Any) -> None:
    await bench.take(1)
    assert await bench.take(2, block=True, start=3, length=4, address="127.0.0.2") == BLOCKED
    assert await bench.give(1) == GRANTED
    client, wanted = await called(bench)
    assert client == "127.0.0.2"
    assert wanted == nlm4_testargs(b"cookie2", True, bench.lock_of(2, start=3, length=4))
    await settled(bench)
    assert await bench.take(3) == DENIED


@pytest.mark.parametrize("answers", [[DENIED], [OSError()] * module.GRANTED_TRIES])
async def test_a_client_that_does_not_want_it_or_is_gone_loses_it(
    bench: Any, monkeypatch: pytest.MonkeyPatch, answers: list[Any]
) -> None:
    monkeypatch.setattr(module, "GRANTED_PAUSE_SECONDS", 0)
    bench.clients.answers = list(answers)
    await bench.take(1)
    await bench.take(2, block=True)
    await bench.take(3, block=True)
    await bench.give(1)
    await settled(bench)
    svids = [(await called(bench))[1].alock.svid for _ in range(len(answers) + 1)]
    assert svids == [2] * len(answers) + [3]
    assert await bench.take(2) == DENIED
    assert await bench.take(3) == GRANTED


async def test_a_client_that_asked_again_meanwhile_keeps_it(bench: Any) -> None:
    bench.clients.answers = [DENIED]
    bench.clients.gate.clear()
    await bench.take(1)
    await bench.take(2, block=True)
    await bench.give(1)
    await called(bench)
    assert await bench.take(2, block=True) == GRANTED
    bench.clients.gate.set()
    await settled(bench)
    assert await bench.take(3) == DENIED


async def test_cancelling(bench: Any) -> None:
    await bench.take(1)
    await bench.take(2, block=True)
    assert await bench.keeper.cancel("127.0.0.1", True, bench.lock_of(2)) == GRANTED
    assert await bench.keeper.cancel("127.0.0.1", True, bench.lock_of(2)) == DENIED
    await bench.give(1)
    assert bench.clients.calls.empty()
    assert await bench.take(3) == GRANTED


async def test_a_lock_that_becomes_shared_lets_others_in(bench: Any) -> None:
    await bench.take(1)
    await bench.take(2, block=True, exclusive=False)
    await bench.take(1, exclusive=False)
    assert (await called(bench))[1].alock.svid == 2


async def test_a_deadlock_is_found(bench: Any) -> None:
    await bench.take(1, file=b"one")
    await bench.take(2, file=b"two")
    assert await bench.take(1, file=b"two", block=True) == BLOCKED
    assert await bench.take(2, file=b"one", block=True) == nlm4_stats.NLM4_DEADLCK


async def test_too_many_locks(bench: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks_module, "LOCKS_MAX", 0)
    assert await bench.take(1) == nlm4_stats.NLM4_DENIED_NOLOCKS


async def test_after_a_restart_only_reclaims_are_granted_until_the_grace_period_ends(restarted: Any) -> None:
    bench = restarted
    assert await bench.take(1) == GRACE
    with pytest.raises(Refused, match="GRACE"):
        await bench.keeper.test("127.0.0.1", True, bench.lock_of(1))
    assert await bench.take(2, reclaim=True) == GRANTED
    assert await bench.give(2) == GRANTED
    bench.clock[0] = 9.9
    assert await bench.take(1) == GRACE
    bench.clock[0] = 10.0
    assert await bench.take(1) == GRANTED
    assert await bench.take(1, reclaim=True) == GRACE


async def test_without_earlier_clients_there_is_no_grace_period(bench: Any) -> None:
    assert not bench.keeper.in_grace
    assert await bench.take(1, reclaim=True) == GRACE


async def test_clients_with_locks_are_on_disk_before_they_have_them(bench: Any) -> None:
    await bench.take(1, watch=False)
    await bench.give(1)
    assert not bench.monitored._file.exists()
    await bench.take(1)
    found = Monitored(bench.monitored._file)
    found.load()
    assert list(found.clients) == [Client("127.0.0.1", "a")]


async def test_a_list_that_cannot_be_written_means_no_locks(bench: Any) -> None:
    bench.monitored._file = bench.monitored._file / "no" / "folder"
    assert await bench.take(1) == nlm4_stats.NLM4_DENIED_NOLOCKS
    bench.monitored._file = bench.monitored._file.parent.parent


async def test_stopping_leaves_those_behind_who_hold_locks(bench: Any) -> None:
    await bench.take(1)
    await bench.take(2, name="b", file=b"other")
    await bench.give(1)
    await bench.keeper.stop()
    assert list(bench.monitored.clients) == [Client("127.0.0.1", "b")]


async def test_stopping_in_the_grace_period_leaves_those_behind_who_may_still_claim(
    restarted: Any,
) -> None:
    await restarted.take(1, name="b", reclaim=True)
    await restarted.keeper.stop()
    assert {client.name for client in restarted.monitored.clients} == {"a", "b"}


async def test_stopping_survives_a_full_disk(bench: Any, caplog: pytest.LogCaptureFixture) -> None:
    await bench.take(1)
    bench.monitored._file = bench.monitored._file / "no" / "folder"
    await bench.keeper.stop()
    assert "is as it was" in caplog.text


async def test_a_host_that_started_again_loses_its_locks(bench: Any) -> None:
    await bench.take(1, name="a.example.org")
    await bench.take(2, block=True, name="b", address="127.0.0.2")
    await bench.keeper.rebooted("127.0.0.9", "a")
    assert bench.clients.calls.empty()
    await bench.keeper.rebooted("127.0.0.1", "A")
    assert (await called(bench))[0] == "127.0.0.2"


async def test_behind_one_address_the_name_decides(bench: Any) -> None:
    await bench.take(1, name="a", file=b"1")
    await bench.take(1, name="b", file=b"2")
    await bench.keeper.rebooted("127.0.0.1", "c")
    assert len(bench.keeper.locks.hosts()) == 2
    await bench.keeper.rebooted("127.0.0.1", "b.example.org")
    assert bench.keeper.locks.hosts() == {Host("127.0.0.1", "a")}
    await bench.keeper.rebooted("127.0.0.1", "c")
    assert not bench.keeper.locks.hosts()


async def test_shares(bench: Any) -> None:
    def share(mark: bytes, mode: fsh4_mode, file: bytes = b"file") -> nlm4_share:
        return nlm4_share(b"a", file, mark, mode, fsh4_access.FSA_R)

    one, other = share(b"1", fsh4_mode.FSM_DR), share(b"2", fsh4_mode.FSM_DN)
    assert await bench.keeper.share("127.0.0.1", one, reclaim=False) == GRANTED
    assert await bench.keeper.share("127.0.0.1", other, reclaim=False) == DENIED
    assert await bench.keeper.share("127.0.0.1", other, reclaim=True) == GRACE
    stale = share(b"3", fsh4_mode.FSM_DN, b"stale")
    assert await bench.keeper.share("127.0.0.1", stale, reclaim=False) == nlm4_stats.NLM4_STALE_FH
    assert await bench.keeper.unshare("127.0.0.1", one) == GRANTED
    assert await bench.keeper.share("127.0.0.1", other, reclaim=False) == GRANTED
    bench.keeper.forget(Host("127.0.0.1", "a"))
    assert not bench.keeper.shares.hosts()
