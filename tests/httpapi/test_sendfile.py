"""Bytes that go from a file to a socket without coming through us, on asyncio's loop and on uvloop's."""

import asyncio
import hashlib
import os
import socket
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import IO, Any

import pytest
import uvloop

from httpapi.sendfile import can_send_files, send_file

DATA = os.urandom(5_000_003)
RUNNERS = [asyncio.run, uvloop.run]

Step = Callable[[asyncio.Transport, IO[bytes]], Awaitable[None]]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "data"
    file.write_bytes(DATA)
    return file


async def with_connection(path: Path, peer: socket.socket, step: Step) -> None:
    """Run a step with a transport over the other end of `peer`, and close it."""
    loop = asyncio.get_running_loop()
    theirs = socket.socket(fileno=peer.detach())
    transport, _ = await loop.create_connection(asyncio.Protocol, sock=theirs)
    try:
        with path.open("rb") as file:
            await step(transport, file)
    finally:
        transport.close()


def tcp_pair() -> tuple[socket.socket, socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        ours = socket.create_connection(server.getsockname())
        theirs, _ = server.accept()
    return ours, theirs


def received(ours: socket.socket, into: list[bytes]) -> None:
    with ours:
        while data := ours.recv(1 << 16):
            into.append(data)


@pytest.mark.parametrize("run", RUNNERS)
def test_the_stretch_follows_what_was_written(run: Any, path: Path) -> None:
    ours, theirs = tcp_pair()
    got: list[bytes] = []
    reader = threading.Thread(target=received, args=(ours, got))
    reader.start()

    async def step(transport: asyncio.Transport, file: IO[bytes]) -> None:
        assert can_send_files(transport)
        transport.write(b"headers")
        await send_file(transport, file, 3, 4_000_000)
        await send_file(transport, file, 0, 3)
        transport.write(b"end")

    run(with_connection(path, theirs, step))
    reader.join(10)
    expected = b"headers" + DATA[3:4_000_003] + DATA[:3] + b"end"
    assert hashlib.sha256(b"".join(got)).digest() == hashlib.sha256(expected).digest()


@pytest.mark.parametrize("run", RUNNERS)
def test_a_file_that_is_too_short(run: Any, path: Path) -> None:
    ours, theirs = tcp_pair()
    reader = threading.Thread(target=received, args=(ours, []))
    reader.start()

    async def step(transport: asyncio.Transport, file: IO[bytes]) -> None:
        with pytest.raises(EOFError):
            await send_file(transport, file, len(DATA) - 10, 11)

    run(with_connection(path, theirs, step))
    reader.join(10)


@pytest.mark.parametrize("run", RUNNERS)
def test_a_client_that_goes_away(run: Any, path: Path) -> None:
    ours, theirs = tcp_pair()

    async def step(transport: asyncio.Transport, file: IO[bytes]) -> None:
        sending = asyncio.ensure_future(_endless(transport, file))
        await asyncio.to_thread(ours.recv, 1000)
        ours.close()
        with pytest.raises(ConnectionError):
            await asyncio.wait_for(sending, 10)

    run(with_connection(path, theirs, step))


async def _endless(transport: asyncio.Transport, file: IO[bytes]) -> None:
    while True:
        await send_file(transport, file, 0, len(DATA))


def test_a_slow_reader_leaves_the_loop_to_others(path: Path) -> None:
    ours, theirs = tcp_pair()

    async def step(transport: asyncio.Transport, file: IO[bytes]) -> None:
        sending = asyncio.ensure_future(send_file(transport, file, 0, len(DATA)))
        turns = 0
        while turns < 1000:
            await asyncio.sleep(0)
            turns += 1
        assert not sending.done()
        got: list[bytes] = []
        reading = asyncio.ensure_future(asyncio.to_thread(received, ours, got))
        await sending
        transport.close()
        await reading
        assert b"".join(got) == DATA

    ours.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 18)
    theirs.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 18)
    uvloop.run(with_connection(path, theirs, step))


def test_not_through_tls() -> None:
    class Secure(asyncio.Transport):
        def get_extra_info(self, name: str, default: Any = None) -> Any:
            return object() if name == "sslcontext" else default

    assert not can_send_files(Secure())
