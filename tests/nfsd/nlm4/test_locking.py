"""The whole over sockets: a kernel's side is played by a small lock manager of the test's."""

import asyncio
from pathlib import Path

import xdr
from nfsd.nlm4 import Locking
from nfsd.nlm4.types import (
    nlm4_lock,
    nlm4_lockargs,
    nlm4_res,
    nlm4_stat,
    nlm4_stats,
    nlm4_testargs,
    nlm4_unlockargs,
)
from nfsd.nsm.types import mon, mon_id, my_id, res, sm_stat_res, status
from nfsd.portmap import IPPROTO_TCP, IPPROTO_UDP, Mappings, Portmap, mapping
from nfsd.portmap.types import boolean
from nfsd.rpc import Call, Dispatch, Limits, Program, Server, procedure
from nfsd.rpc.client import TcpCalls, UdpCalls

PRIV = bytes(range(16))
OWN_NAME = "server"


class Lockd4(Program, number=100021, version=4):
    """What a kernel answers to GRANTED."""

    def __init__(self) -> None:
        self.granted: asyncio.Queue[nlm4_testargs] = asyncio.Queue()

    @procedure(5, nlm4_testargs, nlm4_res)
    async def nlm4_granted(self, arguments: nlm4_testargs, call: Call) -> nlm4_res:
        self.granted.put_nowait(arguments)
        return nlm4_res(arguments.cookie, nlm4_stat(nlm4_stats.NLM4_GRANTED))


class Lockd3(Program, number=100021, version=3):
    """Where a kernel wants to be told of a restart."""

    def __init__(self) -> None:
        self.told: asyncio.Queue[status] = asyncio.Queue()

    @procedure(16, status)
    async def notify(self, arguments: status, call: Call) -> None:
        self.told.put_nowait(arguments)


class Daemon:
    """Portmapper and locking, as the command starts them."""

    def __init__(self, server: Server, locking: Locking, mappings: Mappings, calls: TcpCalls) -> None:
        self.server, self.locking, self.mappings, self.calls = server, locking, mappings, calls

    @classmethod
    async def start(cls, file: Path) -> "Daemon":
        async def resolve(handle: bytes) -> None: ...

        mappings = Mappings()
        datagrams = await UdpCalls.open("127.0.0.1")
        locking = await Locking.start(file, mappings, datagrams, resolve, OWN_NAME)
        server = Server(Dispatch([Portmap(mappings), *locking.programs]), Limits(drain_seconds=0))
        port = await server.listen_tcp("127.0.0.1", 0)
        for program in locking.programs:
            mappings.serve(program.number, program.version, IPPROTO_TCP, port)
        locking.tell_restart()
        return cls(server, locking, mappings, await TcpCalls.connect("127.0.0.1", port))

    async def stop(self) -> None:
        self.calls.close()
        await self.locking.stop()
        await self.server.stop()

    async def lock(self, svid: int, block: bool = False, reclaim: bool = False) -> nlm4_stats:
        alock = nlm4_lock(b"client", b"file", b"", svid, 0, 0)
        wanted = nlm4_lockargs(b"", block, True, alock, reclaim, 0)
        answer = await self.calls.ask(100021, 4, 2, nlm4_lockargs, wanted, nlm4_res)
        stat: nlm4_stats = answer.stat.stat
        return stat

    async def unlock(self, svid: int) -> None:
        wanted = nlm4_unlockargs(b"", nlm4_lock(b"client", b"file", b"", svid, 0, 0))
        await self.calls.ask(100021, 4, 4, nlm4_unlockargs, wanted, nlm4_res)


async def test_a_client_on_this_machine_waits_and_claims_again_after_a_restart(tmp_path: Path) -> None:
    lockd3, lockd4 = Lockd3(), Lockd4()
    kernel = Server(Dispatch([lockd3, lockd4]), Limits(drain_seconds=0))
    port = await kernel.listen_udp("127.0.0.1", 0)
    daemon = await Daemon.start(tmp_path / "locks.json")
    try:
        async with asyncio.timeout(30):
            for version in (3, 4):
                wanted = mapping(100021, version, IPPROTO_UDP, port)
                assert await daemon.calls.ask(100000, 2, 1, mapping, wanted, boolean)
            watched = mon(mon_id(b"localhost", my_id(b"client", 100021, 3, 16)), PRIV)
            answer = await daemon.calls.ask(100024, 1, 2, mon, watched, sm_stat_res)
            assert answer == sm_stat_res(res.STAT_SUCC, 1)

            assert await daemon.lock(1) == nlm4_stats.NLM4_GRANTED
            assert await daemon.lock(2, block=True) == nlm4_stats.NLM4_BLOCKED
            await daemon.unlock(1)
            assert (await lockd4.granted.get()).alock.svid == 2

            await daemon.stop()
            daemon = await Daemon.start(tmp_path / "locks.json")
            assert await lockd3.told.get() == status(b"localhost", 3, PRIV)
            assert daemon.mappings.callback("127.0.0.1", 100021, 4, IPPROTO_UDP) == port
            assert await daemon.lock(1) == nlm4_stats.NLM4_DENIED_GRACE_PERIOD
            assert await daemon.lock(2, reclaim=True) == nlm4_stats.NLM4_GRANTED
    finally:
        await daemon.stop()
        await kernel.stop()


async def test_without_clients_a_restart_tells_nobody_and_has_no_grace_period(tmp_path: Path) -> None:
    daemon = await Daemon.start(tmp_path / "locks.json")
    assert await daemon.lock(1) == nlm4_stats.NLM4_GRANTED
    await daemon.unlock(1)
    await daemon.stop()
    daemon = await Daemon.start(tmp_path / "locks.json")
    assert await daemon.lock(1) == nlm4_stats.NLM4_GRANTED
    await daemon.stop()


def test_the_callback_arguments_are_a_status() -> None:
    assert xdr.pack(status, status(b"host", 5, PRIV)) == b"\0\0\0\4host\0\0\0\5" + PRIV


async def test_both_programs_admit_whom_they_are_told_to(tmp_path: Path) -> None:
    async def resolve(handle: bytes) -> None: ...

    datagrams = await UdpCalls.open("127.0.0.1")
    locking = await Locking.start(
        tmp_path / "locks.json", Mappings(), datagrams, resolve, OWN_NAME, lambda client: client == "10.0.0.1"
    )
    for program in locking.programs:
        assert program.admits("10.0.0.1")
        assert not program.admits("10.0.0.2")
    await locking.stop()
