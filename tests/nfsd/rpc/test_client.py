import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any

import pytest

import xdr
from nfsd.rpc import Dispatch, Limits, Server, client
from nfsd.rpc.client import CallFailed, TcpCalls, UdpCalls

uint32 = Annotated[int, xdr.UINT]
SAMPLE = (300_000, 3)


@pytest.fixture
async def ports(sample: Any) -> AsyncIterator[tuple[int, int]]:
    server = Server(Dispatch([sample]), Limits(drain_seconds=0))
    yield await server.listen_tcp("127.0.0.1", 0), await server.listen_udp("127.0.0.1", 0)
    await server.stop()


async def test_calls_over_tcp(sample: Any, ports: tuple[int, int]) -> None:
    calls = await TcpCalls.connect("127.0.0.1", ports[0], client.auth_sys(1000, 100, (4,)))
    assert await calls.ask(*SAMPLE, 1, uint32, 5, uint32) == 5
    assert (sample.calls[0].credential.uid, sample.calls[0].credential.gids) == (1000, (4,))
    waiting = asyncio.create_task(calls.ask(*SAMPLE, 3, uint32, 6, uint32))
    await sample.waiting.get()
    assert await calls.call(*SAMPLE, 0) == b""
    sample.gate.set()
    assert await waiting == 6
    calls.close()


@pytest.mark.parametrize(
    ("call", "name"),
    [
        ((300_001, 3, 0), "PROG_UNAVAIL"),
        ((300_000, 4, 0), "PROG_MISMATCH"),
        ((300_000, 3, 5), "AUTH_TOOWEAK"),
    ],
)
async def test_a_refusal_is_named(ports: tuple[int, int], call: tuple[int, int, int], name: str) -> None:
    calls = await TcpCalls.connect("127.0.0.1", ports[0])
    with pytest.raises(CallFailed, match=name):
        await calls.call(*call)
    calls.close()


async def test_a_lost_connection_fails_what_is_in_flight(sample: Any, ports: tuple[int, int]) -> None:
    calls = await TcpCalls.connect("127.0.0.1", ports[0])
    waiting = asyncio.create_task(calls.ask(*SAMPLE, 3, uint32, 6, uint32))
    await sample.waiting.get()
    calls._transport.abort()
    with pytest.raises(OSError, match="closed"):
        await waiting
    with pytest.raises(OSError, match="closed"):
        await calls.call(*SAMPLE, 0)


async def test_a_reply_that_does_not_come_is_a_timeout(ports: tuple[int, int]) -> None:
    calls = await TcpCalls.connect("127.0.0.1", ports[0])
    with pytest.raises(TimeoutError):
        await calls.call(*SAMPLE, 3, b"\0\0\0\1", timeout_s=0.01)
    assert not calls._waiting
    calls.close()


async def test_calls_over_udp(sample: Any, ports: tuple[int, int]) -> None:
    calls = await UdpCalls.open("127.0.0.1")
    assert await calls.ask("127.0.0.1", ports[1], *SAMPLE, 1, uint32, 5, uint32) == 5
    with pytest.raises(CallFailed, match="PROC_UNAVAIL"):
        await calls.call("127.0.0.1", ports[1], *SAMPLE, 77)
    calls.close()


async def test_a_call_that_cannot_be_packed_leaves_nothing_behind(ports: tuple[int, int]) -> None:
    tcp, udp = await TcpCalls.connect("127.0.0.1", ports[0]), await UdpCalls.open("127.0.0.1")
    with pytest.raises(xdr.Error):
        await tcp.call(-1, 1, 0)
    with pytest.raises(xdr.Error):
        await udp.call("127.0.0.1", ports[1], -1, 1, 0)
    assert not tcp._waiting
    assert not udp._waiting
    tcp.close()
    udp.close()


async def test_a_datagram_is_sent_again_and_given_up(
    sample: Any, ports: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "UDP_FIRST_SECONDS", 0.01)
    calls = await UdpCalls.open("127.0.0.1")
    with pytest.raises(TimeoutError, match="after 4 datagrams"):
        await calls.call("127.0.0.1", ports[1], *SAMPLE, 3, b"\0\0\0\1")
    assert sample.waiting.qsize() == 4
    calls.close()


def test_what_is_no_reply_is_an_error(calls: Any) -> None:
    with pytest.raises(xdr.Error):
        client.read_reply(calls.make(0))
