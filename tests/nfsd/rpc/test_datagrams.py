import asyncio
import logging
from typing import Any

import pytest

from nfsd.rpc import Dispatch, Limits, Server
from nfsd.rpc.datagrams import Datagrams
from nfsd.rpc.message import LEAST_CALL_BYTES

LIMITS = Limits(calls_in_flight=4, drain_seconds=0)


class Sender(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.received: asyncio.Queue[bytes] = asyncio.Queue()

    def datagram_received(self, data: bytes, address: Any) -> None:
        self.received.put_nowait(data)


async def test_udp(sample: Any, calls: Any, caplog: pytest.LogCaptureFixture) -> None:
    server = Server(Dispatch([sample]), LIMITS)
    port = await server.listen_udp("127.0.0.1", 0)
    transport, sender = await asyncio.get_running_loop().create_datagram_endpoint(
        Sender, remote_addr=("127.0.0.1", port)
    )
    try:
        async with asyncio.timeout(20):
            transport.sendto(calls.make(1, calls.words(5)))
            assert calls.results(await sender.received.get()) == calls.words(5)
            assert (sample.calls[0].transport, sample.calls[0].client) == ("udp", "127.0.0.1")
            sample.gate.set()
            transport.sendto(b"short")
            with caplog.at_level(logging.WARNING):
                transport.sendto(calls.make(6, calls.words(65_600)))
                transport.sendto(calls.make(3, calls.words(6), xid=2))
                assert calls.results(await sender.received.get(), 2) == calls.words(6)
                assert await sample.waiting.get() == 6
            assert "does not fit UDP" in caplog.text
            sample.gate.clear()
            for _ in range(LIMITS.calls_in_flight + 1):
                transport.sendto(calls.make(3, calls.words(7), xid=3))
            for _ in range(LIMITS.calls_in_flight):
                await sample.waiting.get()
            sample.gate.set()
            for _ in range(LIMITS.calls_in_flight):
                assert calls.results(await sender.received.get(), 3) == calls.words(7)
            transport.sendto(calls.make(0, xid=4))
            assert calls.results(await sender.received.get(), 4) == b""
    finally:
        transport.close()
        await server.stop()


class Sent(asyncio.DatagramTransport):
    """Keeps what is sent."""

    def __init__(self) -> None:
        super().__init__()
        self.datagrams: list[bytes] = []

    def is_closing(self) -> bool:
        return False

    def sendto(self, data: Any, addr: Any = None) -> None:
        self.datagrams.append(data)


async def test_a_datagram_cut_short_is_refused_by_its_xid_or_dropped(sample: Any, calls: Any) -> None:
    datagrams, sent = Datagrams(Dispatch([sample]), LIMITS), Sent()
    datagrams.connection_made(sent)
    whole = calls.make(1, calls.words(5), xid=7)
    for size in range(len(whole)):
        datagrams.datagram_received(whole[:size], ("127.0.0.1", 1000))
        garbage = [calls.words(7, 1, 0, 0, 0, 4)] if size >= LEAST_CALL_BYTES else []
        assert sent.datagrams == garbage, size
        sent.datagrams.clear()
    datagrams.datagram_received(whole, ("127.0.0.1", 1000))
    assert calls.results(sent.datagrams[0], 7) == calls.words(5)
