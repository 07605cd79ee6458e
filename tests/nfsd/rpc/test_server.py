import asyncio
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest

from nfsd.rpc import Dispatch, Limits, Server
from nfsd.rpc.server import Connection

LIMITS = Limits(
    record_bytes=1 << 16,
    connections=3,
    calls_in_flight=4,
    queued_bytes=1 << 16,
    record_seconds=0.5,
    drain_seconds=0.5,
)


class Wire:
    """A client's end of a TCP connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    def send(self, data: bytes) -> None:
        self.writer.write(data)

    async def record(self) -> bytes:
        async with asyncio.timeout(20):
            mark = int.from_bytes(await self.reader.readexactly(4), "big")
            assert mark & 0x8000_0000
            return await self.reader.readexactly(mark & 0x7FFF_FFFF)

    async def closed(self) -> bool:
        """Wait for the server to close; nothing may come before."""
        async with asyncio.timeout(20):
            try:
                return await self.reader.read(1) == b""
            except ConnectionResetError:
                return True


class Harness:
    def __init__(self, server: Server, port: int) -> None:
        self.server = server
        self.port = port
        self.wires: list[Wire] = []

    async def connect(self) -> Wire:
        wire = Wire(*await asyncio.open_connection("127.0.0.1", self.port))
        self.wires.append(wire)
        return wire


@pytest.fixture
async def harness(sample: Any) -> AsyncIterator[Harness]:
    server = Server(Dispatch([sample]), LIMITS)
    made = Harness(server, await server.listen_tcp("127.0.0.1", 0))
    yield made
    for wire in made.wires:
        wire.writer.close()
    await server.stop()


async def test_many_calls_in_one_segment_are_answered_in_one_write(harness: Harness, calls: Any) -> None:
    wire = await harness.connect()
    wire.send(calls.marked(*[calls.make(1, calls.words(number), xid=number) for number in range(50)]))
    for number in range(50):
        assert calls.results(await wire.record(), number) == calls.words(number)


async def test_calls_of_all_kinds_in_one_segment(harness: Harness, sample: Any, calls: Any) -> None:
    wire = await harness.connect()
    numbers = [8, 8, 1, 8, 3, 10, 8, 0, 8]  # answered fast, or by the procedure, or (3) after a wait
    records = [calls.make(number, calls.words(1), xid=xid) for xid, number in enumerate(numbers)]
    records[numbers.index(0)] = calls.make(0, xid=numbers.index(0))
    wire.send(calls.marked(*records))
    at_once = [xid for xid, number in enumerate(numbers) if number != 3]
    for xid in at_once:
        assert calls.results(await wire.record(), xid)[:4] == (calls.words(1) if numbers[xid] else b"")
    sample.gate.set()
    assert calls.results(await wire.record(), numbers.index(3)) == calls.words(1)


async def test_a_bug_in_a_fast_answer_is_met_once(
    harness: Harness, calls: Any, caplog: pytest.LogCaptureFixture
) -> None:
    wire = await harness.connect()
    wire.send(calls.marked(calls.make(8, calls.words(1)), calls.make(8, xid=2), calls.make(0, xid=3)))
    assert calls.results(await wire.record()) == calls.words(1)
    assert await wire.record() == calls.words(2, 1, 0, 0, 0, 4)
    assert calls.results(await wire.record(), 3) == b""
    assert caplog.text.count("fast answer to MAYBE_FAST from 127.0.0.1: a bug") == 1


async def test_one_call_in_many_segments(harness: Harness, calls: Any) -> None:
    wire = await harness.connect()
    for byte in calls.marked(calls.make(1, calls.words(5))):
        wire.send(bytes([byte]))
        await wire.writer.drain()
    assert calls.results(await wire.record()) == calls.words(5)


async def test_a_refused_call_leaves_the_connection_open(harness: Harness, calls: Any) -> None:
    wire = await harness.connect()
    wire.send(calls.marked(calls.make(1, version=4), b"short", calls.words(1, 1, 0), calls.make(0, xid=2)))
    assert await wire.record() == calls.words(1, 1, 0, 0, 0, 2, 3, 3)
    assert calls.results(await wire.record(), 2) == b""


async def test_a_waiting_call_holds_up_no_other(harness: Harness, sample: Any, calls: Any) -> None:
    wire = await harness.connect()
    wire.send(calls.marked(calls.make(3, calls.words(7), xid=1), calls.make(0, xid=2)))
    assert calls.results(await wire.record(), 2) == b""
    sample.gate.set()
    assert calls.results(await wire.record(), 1) == calls.words(7)


async def test_a_record_over_the_limit_closes_the_connection(harness: Harness, calls: Any) -> None:
    wire = await harness.connect()
    wire.send(calls.words(0x8000_0000 | (LIMITS.record_bytes + 1)))
    assert await wire.closed()


async def test_a_record_that_stalls_closes_the_connection(harness: Harness, calls: Any) -> None:
    wire = await harness.connect()
    wire.send(calls.marked(calls.make(0))[:-1])
    assert await wire.closed()


async def test_an_idle_connection_and_one_whose_record_ended_stay(harness: Harness, calls: Any) -> None:
    idle, late = await harness.connect(), await harness.connect()
    whole = calls.marked(calls.make(0))
    late.send(whole[:-1])
    await late.writer.drain()
    late.send(whole[-1:])
    assert calls.results(await late.record()) == b""
    stalled = await harness.connect()
    stalled.send(whole[:1])
    assert await stalled.closed()  # by now the others' time would be over as well
    for wire in (idle, late):
        wire.send(whole)
        assert calls.results(await wire.record()) == b""


async def test_one_connection_too_many_is_closed(harness: Harness, calls: Any) -> None:
    for _ in range(LIMITS.connections):
        wire = await harness.connect()
        wire.send(calls.marked(calls.make(0)))
        await wire.record()
    assert await (await harness.connect()).closed()


async def test_calls_in_flight_are_bounded_and_the_rest_wait(
    harness: Harness, sample: Any, calls: Any
) -> None:
    wire = await harness.connect()
    wire.send(calls.marked(*[calls.make(3, calls.words(number), xid=number) for number in range(9)]))
    wire.send(calls.marked(calls.make(1, calls.words(9), xid=9)))
    for _ in range(LIMITS.calls_in_flight):
        await sample.waiting.get()
    (connection,) = harness.server.connections
    assert len(connection._tasks) == LIMITS.calls_in_flight
    sample.gate.set()
    got = {int.from_bytes((await wire.record())[:4], "big") for _ in range(10)}
    assert got == set(range(10))


@pytest.mark.parametrize("number", [6, 10])
async def test_a_client_that_does_not_read_is_not_read_from(
    harness: Harness, calls: Any, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    paused = asyncio.Event()
    pause = Connection.pause_writing
    monkeypatch.setattr(Connection, "pause_writing", lambda self: (pause(self), paused.set()))
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(sock, ("127.0.0.1", harness.port))
    size, sent_calls = 1 << 16, 400
    sent = calls.marked(*[calls.make(number, calls.words(size), xid=xid) for xid in range(sent_calls)])
    await loop.sock_sendall(sock, sent)
    async with asyncio.timeout(20):
        await paused.wait()
    (connection,) = harness.server.connections
    queued = connection._transport.get_write_buffer_size()
    assert queued <= 2 * LIMITS.queued_bytes + size
    assert connection._pending
    received = 0
    async with asyncio.timeout(20):
        while received < sent_calls * (size + 32):
            received += len(await loop.sock_recv(sock, 1 << 20))
    assert received == sent_calls * (4 + 24 + 4 + size)
    sock.close()


async def test_a_half_closed_connection_still_gets_its_replies(
    harness: Harness, sample: Any, calls: Any
) -> None:
    wire = await harness.connect()
    wire.send(calls.marked(calls.make(3, calls.words(7))))
    wire.writer.write_eof()
    await sample.waiting.get()
    sample.gate.set()
    assert calls.results(await wire.record()) == calls.words(7)
    assert await wire.closed()


async def test_stop_lets_calls_in_flight_end(harness: Harness, sample: Any, calls: Any) -> None:
    wire = await harness.connect()
    wire.send(calls.marked(calls.make(3, calls.words(7))))
    await sample.waiting.get()
    stopping = asyncio.create_task(harness.server.stop())
    await asyncio.sleep(0)
    sample.gate.set()
    assert calls.results(await wire.record()) == calls.words(7)
    assert await wire.closed()
    await stopping
    with pytest.raises(ConnectionRefusedError):
        await harness.connect()


async def test_stop_does_not_wait_for_ever(harness: Harness, sample: Any, calls: Any) -> None:
    wire = await harness.connect()
    wire.send(calls.marked(calls.make(3, calls.words(7))))
    await sample.waiting.get()
    await harness.server.stop()
    assert await wire.closed()
    assert not harness.server.connections


@pytest.mark.parametrize("kind", [socket.SOCK_STREAM, socket.SOCK_DGRAM])
async def test_a_socket_that_is_bound_already(kind: socket.SocketKind, sample: Any, calls: Any) -> None:
    server = Server(Dispatch([sample]), LIMITS)
    bound = socket.socket(socket.AF_INET, kind)
    bound.setblocking(False)
    bound.bind(("127.0.0.1", 0))
    port = await server.serve(bound)
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET, kind) as client:
        client.setblocking(False)
        async with asyncio.timeout(20):
            await loop.sock_connect(client, ("127.0.0.1", port))
            call = calls.make(1, calls.words(5))
            await loop.sock_sendall(client, calls.marked(call) if kind == socket.SOCK_STREAM else call)
            reply = await loop.sock_recv(client, 1000)
    assert calls.results(reply[-28:]) == calls.words(5)
    await server.stop()
