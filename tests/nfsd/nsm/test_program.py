import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

import xdr
from nfsd.nsm import Client, Monitored, StatusMonitor, program, types
from nfsd.rpc import ANONYMOUS, Call

ME = types.my_id(b"me", 100021, 3, 16)
PRIV = bytes(range(16))
SUCCESS = types.sm_stat_res(types.res.STAT_SUCC, 1)


class Clients:
    """In place of `Callbacks`: keeps what is called."""

    def __init__(self) -> None:
        self.calls: asyncio.Queue[tuple[Any, ...]] = asyncio.Queue()
        self.error: Exception | None = None
        self.deaf = 0  # calls that fail, before one does not

    async def call(self, *call: Any) -> bytes:
        self.calls.put_nowait(call)
        if self.error:
            raise self.error
        if self.deaf:
            self.deaf -= 1
            raise TimeoutError("no reply")
        return b""


class Bench:
    def __init__(self, file: Path) -> None:
        self.file = file
        self.clients = Clients()
        self.monitored = Monitored(file)
        self.rebooted: list[tuple[str, str]] = []
        self.monitor = StatusMonitor(self.monitored, self.clients, self._rebooted, "server")  # type: ignore[arg-type]

    async def _rebooted(self, address: str, name: str) -> None:
        self.rebooted.append((address, name))

    async def watch(self, name: bytes, call: Call) -> types.sm_stat_res:
        return await self.monitor.sm_mon(types.mon(types.mon_id(name, ME), PRIV), call)

    async def called(self) -> tuple[Any, ...]:
        async with asyncio.timeout(20):
            return await self.clients.calls.get()


@pytest.fixture
async def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bench]:
    monkeypatch.setattr(program, "TELLING_PAUSE_SECONDS", 0)
    made = Bench(tmp_path / "locks.json")
    yield made
    await made.monitor.stop()


def call(client: str = "127.0.0.1") -> Call:
    return Call(1, 100024, 1, 0, ANONYMOUS, client, 700, "udp")


async def test_stat_gives_our_state(bench: Bench) -> None:
    assert await bench.monitor.sm_stat(types.sm_name(b"any"), call()) == SUCCESS


async def test_only_programs_of_this_machine_may_monitor(bench: Bench) -> None:
    assert await bench.watch(b"localhost", call("10.0.0.1")) == types.sm_stat_res(types.res.STAT_FAIL, 1)
    assert not bench.monitored.monitors
    assert await bench.watch(b"localhost", call()) == SUCCESS
    assert len(bench.monitored.monitors) == 1


async def test_monitoring_ends_for_one_host_or_for_all_of_a_program(bench: Bench) -> None:
    for name in (b"one", b"two"):
        await bench.watch(name, call())
        await bench.watch(name, call("127.0.0.2"))
    assert await bench.monitor.sm_unmon(types.mon_id(b"one", ME), call()) == types.sm_stat(1)
    left = [(each.client, each.name) for each in bench.monitored.monitors]
    assert left == [("127.0.0.2", "one"), ("127.0.0.1", "two"), ("127.0.0.2", "two")]
    await bench.monitor.sm_unmon_all(types.my_id(b"me", 100021, 4, 16), call("127.0.0.2"))
    assert len(bench.monitored.monitors) == 3
    await bench.monitor.sm_unmon_all(ME, call("127.0.0.2"))
    assert [each.client for each in bench.monitored.monitors] == ["127.0.0.1"]


async def test_nobody_is_promised_to_be_called_who_could_not_be_written_down(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    await bench.watch(b"one", call())
    with monkeypatch.context() as full:
        full.setattr(os, "fsync", lambda descriptor: (_ for _ in ()).throw(OSError("disk")))
        assert await bench.watch(b"two", call()) == types.sm_stat_res(types.res.STAT_FAIL, 1)
        assert await bench.monitor.sm_unmon(types.mon_id(b"one", ME), call()) == types.sm_stat(1)
    assert "two is not watched" in caplog.text
    assert "is as it was: disk" in caplog.text
    assert await bench.watch(b"two", call()) == SUCCESS
    written = Monitored(bench.file)
    written.load()
    assert [each.name for each in written.monitors] == ["two"]


async def test_a_host_that_started_again_loses_its_locks_and_who_watches_it_is_told(bench: Bench) -> None:
    await bench.watch(b"Host", call())
    await bench.watch(b"other", call())
    await bench.monitor.sm_notify(types.stat_chge(b"host", 9), call("10.0.0.1"))
    assert bench.rebooted == [("10.0.0.1", "host")]
    packed = xdr.pack(types.status, types.status(b"Host", 9, PRIV))
    assert await bench.called() == ("127.0.0.1", 100021, 3, 16, packed)
    assert bench.clients.calls.empty()


@pytest.mark.parametrize("name", [b"localhost", b"SERVER", b"127.0.0.1"])
async def test_our_restart_is_told_to_who_watches_us(bench: Bench, name: bytes) -> None:
    await bench.watch(name, call())
    bench.monitor.tell_restart()
    packed = xdr.pack(types.status, types.status(name, 1, PRIV))
    assert await bench.called() == ("127.0.0.1", 100021, 3, 16, packed)


@pytest.mark.parametrize("name", [b"192.0.2.1", b"a" * 64, b"a..b"])
async def test_our_restart_is_no_restart_of_other_servers(bench: Bench, name: bytes) -> None:
    await bench.watch(name, call())
    bench.monitor.tell_restart()
    await asyncio.gather(*bench.monitor._tasks)
    assert bench.clients.calls.empty()


async def test_our_restart_is_told_to_the_monitors_of_other_machines(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.clients.error = ConnectionRefusedError("no")
    for client in [Client("10.0.0.1", "a"), Client("10.0.0.1", "b"), Client("127.0.0.1", "c")]:
        await bench.monitored.watch(client)
    await bench.watch(b"localhost", call())
    bench.monitor.tell_restart()
    await asyncio.gather(*bench.monitor._tasks)
    called = [bench.clients.calls.get_nowait() for _ in range(bench.clients.calls.qsize())]
    packed = xdr.pack(types.stat_chge, types.stat_chge(b"server", 1))
    assert {each[0] for each in called} == {"10.0.0.1", "127.0.0.1"}
    assert called.count(("10.0.0.1", 100024, 1, 6, packed)) == program.TELLING_TRIES
    assert len(called) == 2 * program.TELLING_TRIES
    assert "10.0.0.1 could not be told of a restart: no" in caplog.text


async def test_who_does_not_answer_is_told_again(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    bench.clients.deaf = 2
    await bench.monitored.watch(Client("10.0.0.1", "a"))
    bench.monitor.tell_restart()
    await asyncio.gather(*bench.monitor._tasks)
    assert bench.clients.calls.qsize() == 3
    assert caplog.text.count("10.0.0.1 could not be told of a restart: no reply") == 2
