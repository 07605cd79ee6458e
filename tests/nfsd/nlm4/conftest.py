"""A keeper whose clients and clock are in the test's hands."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

import xdr
from nfsd.nlm4.keeper import GRACE_SECONDS, Keeper
from nfsd.nlm4.types import nlm4_lock, nlm4_res, nlm4_stat, nlm4_stats
from nfsd.nsm import Client, Monitored

STALE = b"stale"


class Clients:
    """In place of `Callbacks`: keeps what clients are called with, and answers as told."""

    def __init__(self) -> None:
        self.calls: asyncio.Queue[tuple[str, int, bytes]] = asyncio.Queue()
        self.answers: list[nlm4_stats | Exception] = []
        self.gate = asyncio.Event()
        self.gate.set()

    async def call(self, client: str, program: int, version: int, procedure: int, arguments: bytes) -> bytes:
        assert (program, version) == (100021, 4)
        self.calls.put_nowait((client, procedure, arguments))
        await self.gate.wait()
        answer = self.answers.pop(0) if self.answers else nlm4_stats.NLM4_GRANTED
        if isinstance(answer, Exception):
            raise answer
        return xdr.pack(nlm4_res, nlm4_res(b"", nlm4_stat(answer)))

    def close(self) -> None: ...


class Bench:
    def __init__(self, keeper: Keeper, clients: Clients, monitored: Monitored, clock: list[float]) -> None:
        self.keeper = keeper
        self.clients = clients
        self.monitored = monitored
        self.clock = clock

    @staticmethod
    def lock_of(
        svid: int, start: int = 0, length: int = 0, name: str = "a", file: bytes = b"file"
    ) -> nlm4_lock:
        return nlm4_lock(name.encode(), file, b"mark%d" % svid, svid, start, length)

    async def take(
        self,
        svid: int,
        *,
        block: bool = False,
        exclusive: bool = True,
        reclaim: bool = False,
        address: str = "127.0.0.1",
        watch: bool = True,
        **lock: Any,
    ) -> nlm4_stats:
        wanted = self.lock_of(svid, **lock)
        cookie = b"cookie%d" % svid
        return await self.keeper.lock(
            address, exclusive, wanted, cookie, block=block, reclaim=reclaim, watch=watch
        )

    async def give(self, svid: int, address: str = "127.0.0.1", **lock: Any) -> nlm4_stats:
        return await self.keeper.unlock(address, self.lock_of(svid, **lock))


async def resolve(handle: bytes) -> None:
    if handle == STALE:
        raise OSError


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    monitored, clients, clock = Monitored(tmp_path / "locks"), Clients(), [0.0]
    keeper = Keeper(monitored, clients, resolve, lambda: clock[0])  # type: ignore[arg-type]
    yield Bench(keeper, clients, monitored, clock)
    clients.gate.set()
    await keeper.stop()


@pytest.fixture
async def restarted(tmp_path: Path) -> AsyncIterator[Bench]:
    """A keeper that starts after another one, of which 127.0.0.1 held locks."""
    monitored, clients, clock = Monitored(tmp_path / "locks"), Clients(), [0.0]
    monitored.clients[Client("127.0.0.1", "a")] = None
    keeper = Keeper(monitored, clients, resolve, lambda: clock[0])  # type: ignore[arg-type]
    assert GRACE_SECONDS == 10
    yield Bench(keeper, clients, monitored, clock)
    await keeper.stop()
