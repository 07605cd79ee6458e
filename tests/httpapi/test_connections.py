"""Too many connections, heads that trickle, answers that nobody reads."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web

from httpapi import app as apps
from httpapi import connections
from httpapi.connections import CONNECTIONS, Connections, most_connections, whose
from httpapi.serving import serving
from httpapi.settings import Settings

MOST = 8


@pytest.fixture
def settings() -> Settings:
    return Settings(connections_max=MOST)


@pytest.fixture
async def port(application: web.Application) -> AsyncIterator[int]:
    """Where the application is served, behind gates."""
    bound = socket.create_server(("127.0.0.1", 0))
    async with serving(application, bound):
        yield bound.getsockname()[1]


class Peer:
    """A client that speaks bytes, from an address of its choice on this machine."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    @classmethod
    async def come(cls, port: int, number: int = 1) -> Peer:
        return cls(
            *await asyncio.open_connection(
                "127.0.0.1", port, local_addr=(f"127.0.0.{number}", 0), limit=1 << 24
            )
        )

    async def say(self, text: str) -> None:
        self.writer.write(text.encode())
        await self.writer.drain()

    async def ask(self, path: str = "/healthz") -> int:
        await self.say(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n")
        return await self.status()

    async def status(self) -> int:
        """The status of an answer, whose body is read too."""
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode()
        length = next(line for line in head.split("\r\n") if line.lower().startswith("content-length"))
        self.head, self.body = head, await self.reader.readexactly(int(length.split(":")[1]))
        return int(head.split()[1])

    async def gone(self) -> bool:
        """Whether the server ended the connection, now or soon."""
        try:
            return await self.reader.read(1) == b""
        except ConnectionError:
            return True

    def leave(self) -> None:
        self.writer.transport.abort()


async def settle(application: web.Application, count: int) -> None:
    """Wait until so many connections are open."""
    while application[CONNECTIONS]._count != count:  # noqa: ASYNC110
        await asyncio.sleep(0.001)


async def test_one_address_leaves_room_for_others(application: web.Application, port: int) -> None:
    crowd = [await Peer.come(port, 2) for _ in range(MOST * 3 // 4)]
    assert [await peer.ask() for peer in crowd] == [200] * len(crowd)
    over = await Peer.come(port, 2)
    assert await over.ask() == 503
    assert "Retry-After: 5" in over.head
    assert b'"type": "urn:runfs:problem:busy"' in over.body
    assert b"6 connections are open from 127.0.0.2" in over.body
    assert await over.gone()
    other = await Peer.come(port, 3)
    assert await other.ask() == 200
    crowd[0].leave()
    await settle(application, len(crowd))
    again = await Peer.come(port, 2)
    assert await again.ask() == 200


async def test_there_is_a_limit_for_all_together(application: web.Application, port: int) -> None:
    crowd = [await Peer.come(port, 2 + number) for number in range(MOST)]
    assert [await peer.ask() for peer in crowd] == [200] * MOST
    over = await Peer.come(port, 77)
    assert await over.ask() == 503
    assert b"8 connections are open, and no more are taken" in over.body
    for peer in crowd:
        peer.leave()
    await settle(application, 0)
    assert application[CONNECTIONS]._of == {}
    assert await (await Peer.come(port, 77)).ask() == 200


async def test_who_is_refused_and_stays_is_cut_off(
    port: int, monkeypatch: pytest.MonkeyPatch, application: web.Application
) -> None:
    monkeypatch.setattr(connections, "REFUSED_S", 0.02)
    monkeypatch.setattr(connections, "REFUSED_MAX", 2)
    crowd = [await Peer.come(port, 2 + number) for number in range(MOST)]
    await settle(application, MOST)
    refused = [await Peer.come(port) for _ in range(5)]
    for peer in refused:
        while not await peer.gone():
            pass
    while application[CONNECTIONS].refused:  # noqa: ASYNC110
        await asyncio.sleep(0.001)
    assert [await peer.ask() for peer in crowd] == [200] * MOST


async def test_slowloris(port: int, monkeypatch: pytest.MonkeyPatch, application: web.Application) -> None:
    """Heads that never end are answered 408 and cost nobody else his place."""
    monkeypatch.setattr(connections, "HEAD_S", 0.1)
    slow = [await Peer.come(port, 2) for _ in range(MOST * 3 // 4)]

    async def trickle(peer: Peer) -> None:
        await peer.say("GET /healthz HTTP/1.1\r\nHost: localhost\r\n")
        while True:
            await peer.say("X: y\r\n")
            await asyncio.sleep(0.01)

    trickling = [asyncio.create_task(trickle(peer)) for peer in slow]
    assert await (await Peer.come(port, 3)).ask() == 200
    assert [await peer.status() for peer in slow] == [408] * len(slow)
    assert b"The head of the request took more than" in slow[0].body
    assert [await peer.gone() for peer in slow] == [True] * len(slow)
    for task in trickling:
        task.cancel()
    for peer in slow:
        peer.leave()
    await settle(application, 1)
    assert await (await Peer.come(port, 2)).ask() == 200


async def test_a_head_that_came_and_an_idle_connection_have_no_clock(
    port: int, monkeypatch: pytest.MonkeyPatch, application: web.Application
) -> None:
    monkeypatch.setattr(connections, "HEAD_S", 0.05)
    peer = await Peer.come(port)
    for _ in range(3):
        assert await peer.ask() == 200
        await asyncio.sleep(0.1)  # longer than a head may take
    await peer.say("GET /heal")
    assert await peer.status() == 408  # the next head has a clock again


async def test_an_answer_that_nobody_reads_ends(
    port: int, monkeypatch: pytest.MonkeyPatch, application: web.Application, api: Any
) -> None:
    monkeypatch.setattr(connections, "UNREAD_S", 1)
    await api.good("POST", "/runs", {"id": "r1"})
    file = await api.save("r1", "large", bytes(64 << 20))
    with socket.create_connection(("127.0.0.1", port)) as lazy:
        lazy.sendall(
            f"GET /api/v1/runs/files/{file['id']}/content HTTP/1.1\r\nHost: localhost\r\n"
            f"Authorization: Bearer {api.key}\r\n\r\n".encode()
        )
        await settle(application, 1)
        await settle(application, 0)


def test_what_counts_as_one() -> None:
    assert whose(("192.0.2.7", 1)) == "192.0.2.7"
    assert whose(("::ffff:192.0.2.7", 1, 0, 0)) == "192.0.2.7"
    assert whose(("2001:db8:1:2:3::4", 1, 0, 0)) == whose(("2001:db8:1:2:ffff::", 9, 0, 0))
    assert whose(("2001:db8:1:3::4", 1, 0, 0)) != whose(("2001:db8:1:2::4", 1, 0, 0))
    assert whose(("fe80::1%eth0", 1, 0, 2)) == "fe80::/64"
    assert whose("/a/unix/socket") == whose(None) == ""


def test_the_limit_follows_the_open_files(monkeypatch: pytest.MonkeyPatch) -> None:
    for files, most in ((1024, 512), (1 << 20, connections.CONNECTIONS_MAX)):
        monkeypatch.setattr(connections.resource, "getrlimit", lambda _, files=files: (files, files))
        assert most_connections() == most
    assert Connections(1).most_of_one == 1


async def test_without_gates_nothing_is_counted(api: Any, application: web.Application) -> None:
    assert apps.CONNECTIONS in application
    assert (await api.raw("GET", "/healthz")).status == 200
    assert application[CONNECTIONS]._count == 0
