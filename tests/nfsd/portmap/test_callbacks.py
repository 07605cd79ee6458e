from collections.abc import AsyncIterator
from typing import Any

import pytest

from nfsd.portmap import IPPROTO_TCP, IPPROTO_UDP, Callbacks, Mappings, mapping
from nfsd.portmap import callbacks as module
from nfsd.rpc import Call, Dispatch, Limits, Program, Server, procedure
from nfsd.rpc.client import UdpCalls


class Sample(Program, number=300_000, version=1):
    def __init__(self) -> None:
        self.transports: list[str] = []
        self.callers: list[str] = []

    @procedure(1)
    async def note(self, arguments: None, call: Call) -> None:
        self.transports.append(call.transport)
        self.callers.append(call.client)


class Bench:
    def __init__(
        self, sample: Sample, mappings: Mappings, callbacks: Callbacks, ports: dict[int, int]
    ) -> None:
        self.sample, self.mappings, self.callbacks, self.ports = sample, mappings, callbacks, ports

    def set(self, protocol: int) -> None:
        self.mappings.set("127.0.0.1", mapping(300_000, 1, protocol, self.ports[protocol]))

    async def call(self) -> None:
        assert await self.callbacks.call("127.0.0.1", 300_000, 1, 1, b"") == b""


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    sample, mappings = Sample(), Mappings()
    server = Server(Dispatch([sample]), Limits(drain_seconds=0))
    ports = {
        IPPROTO_TCP: await server.listen_tcp("127.0.0.1", 0),
        IPPROTO_UDP: await server.listen_udp("127.0.0.1", 0),
    }
    callbacks = Callbacks(await UdpCalls.open("127.0.0.1"), mappings)
    yield Bench(sample, mappings, callbacks, ports)
    callbacks.close()
    await server.stop()


async def test_a_program_of_this_machine_is_called_where_it_said(bench: Bench) -> None:
    bench.set(IPPROTO_TCP)
    await bench.call()
    bench.set(IPPROTO_UDP)
    await bench.call()
    assert bench.sample.transports == ["tcp", "udp"]


async def test_another_machines_portmapper_is_asked(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    async def port_of(*asked: Any, source: str | None) -> int:
        assert (*asked, source) == (300_000, 1, IPPROTO_TCP, "127.0.0.1", "127.0.0.1")
        return bench.ports[IPPROTO_TCP]

    monkeypatch.setattr(module, "port_of", port_of)
    await bench.call()
    assert bench.sample.transports == ["tcp"]


async def test_a_program_not_found_is_an_os_error(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    async def port_of(*asked: Any, source: str | None) -> int:
        return 0

    monkeypatch.setattr(module, "port_of", port_of)
    with pytest.raises(ConnectionRefusedError, match=r"127\.0\.0\.1 has no program 300000"):
        await bench.call()


@pytest.mark.parametrize("protocol", [IPPROTO_TCP, IPPROTO_UDP])
async def test_what_is_no_port_is_not_called_and_others_still_are(
    bench: Bench, protocol: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def port_of(*asked: Any, source: str | None) -> int:
        return 0

    monkeypatch.setattr(module, "port_of", port_of)
    bench.mappings.set("127.0.0.1", mapping(300_000, 1, protocol, 65_536))
    with pytest.raises(ConnectionRefusedError):
        await bench.call()
    bench.set(IPPROTO_UDP)
    await bench.call()
    assert bench.sample.transports == ["udp"]


@pytest.mark.parametrize("protocol", [IPPROTO_TCP, IPPROTO_UDP])
async def test_it_calls_from_the_address_that_clients_know(bench: Bench, protocol: int) -> None:
    callbacks = Callbacks(await UdpCalls.open("127.0.0.3"), bench.mappings)
    bench.set(protocol)
    await callbacks.call("127.0.0.1", 300_000, 1, 1, b"")
    callbacks.close()
    assert bench.sample.callers == ["127.0.0.3"]


async def test_without_an_address_of_its_own_it_calls_from_any(bench: Bench) -> None:
    callbacks = Callbacks(await UdpCalls.open("0.0.0.0"), bench.mappings)
    bench.set(IPPROTO_TCP)
    await callbacks.call("127.0.0.1", 300_000, 1, 1, b"")
    callbacks.close()
    assert bench.sample.callers == ["127.0.0.1"]
