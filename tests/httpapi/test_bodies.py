"""Bodies that stop, break off, or never end."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from aiohttp.base_protocol import BaseProtocol
from aiohttp.streams import StreamReader
from aiohttp.test_utils import make_mocked_request

from httpapi import app, bodies
from httpapi.settings import Settings


@pytest.fixture(autouse=True)
async def run(api: Any) -> None:
    await api.good("POST", "/runs", {"id": "r1"})


async def half_a_request(
    api: Any, path: str, length: int
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Announce a body, send three bytes of it, and leave it at that."""
    reader, writer = await asyncio.open_connection(api.client.server.host, api.client.server.port)
    writer.write(
        f"PUT /api/v1{path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {api.key}\r\n"
        f"Content-Length: {length}\r\n\r\nabc".encode()
    )
    return reader, writer


async def test_a_body_that_stops(api: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "STALL_S", 0.05)
    reader, writer = await half_a_request(api, "/runs/r1/files?path=a", 10)
    assert await reader.readline() == b"HTTP/1.1 408 Request Timeout\r\n"
    writer.close()
    assert (await api.good("GET", "/runs/r1/files"))["items"] == []


async def test_a_body_that_trickles(api: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "STALL_S", 0.2)
    monkeypatch.setattr(bodies, "RATE_MIN", 1000)
    reader, writer = await half_a_request(api, "/runs/r1/files?path=a", 1 << 20)

    async def trickle() -> None:
        while True:
            writer.write(b"x")
            await asyncio.sleep(0.02)  # never nothing for long, never much

    trickling = asyncio.create_task(trickle())
    assert await reader.readline() == b"HTTP/1.1 408 Request Timeout\r\n"
    assert b"Connection: close" in await reader.readuntil(b"\r\n\r\n")
    trickling.cancel()
    writer.transport.abort()


async def test_a_body_that_is_slow_but_comes(api: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "STALL_S", 0.2)
    monkeypatch.setattr(bodies, "RATE_MIN", 1000)
    reader, writer = await half_a_request(api, "/runs/r1/files?path=a", 3 + 20 * 100)
    for _ in range(20):
        await asyncio.sleep(0.02)
        writer.write(b"x" * 100)
    assert await reader.readline() == b"HTTP/1.1 201 Created\r\n"
    writer.close()


async def test_a_client_that_goes_away_is_no_bug(
    api: Any, blobs: Any, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    came, ended = asyncio.Event(), asyncio.Event()
    real = bodies.chunks

    async def watched(request: Any) -> Any:
        try:
            async for chunk in real(request):
                yield chunk
                came.set()
        finally:
            ended.set()

    monkeypatch.setattr("httpapi.intake.chunks", watched)
    _, writer = await half_a_request(api, "/runs/r1/files?path=a", 10)
    await came.wait()
    writer.transport.abort()
    await ended.wait()
    await api.good("GET", "/runs/r1")  # by now the broken request is done with, too
    assert [each for each in caplog.records if each.levelno >= logging.WARNING] == []
    assert [found async for found in blobs.keys()] == []  # noqa: SIM118


async def test_a_body_of_the_longest_length(api: Any) -> None:
    limit = 1 << 20
    for size, status in ((limit, 400), (limit + 1, 413)):
        answer = await api.raw(
            "POST", "/runs/r1/finish", data=b"x" * size, headers={"Content-Type": "application/json"}
        )
        assert answer.status == status


async def raw(api: Any, head: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection(api.client.server.host, api.client.server.port)
    writer.write(f"{head}\r\nHost: localhost\r\n\r\n".encode())
    return reader, writer


async def test_a_body_that_would_be_refused_is_never_asked_for(api: Any) -> None:
    waits = "Content-Length: 3\r\nExpect: 100-continue"
    key = f"Authorization: Bearer {api.key}"
    put = "PUT /api/v1/runs/r1/files?path={} HTTP/1.1\r\n"
    for head, status in (
        (put.format("a") + waits, 401),
        (put.format("..") + f"{key}\r\n{waits}", 422),
        ("PUT /api/v1/runs/none/files?path=a HTTP/1.1\r\n" + f"{key}\r\n{waits}", 404),
        (put.format("a") + f"{key}\r\nContent-Length: 3\r\nExpect: a miracle", 417),
    ):
        reader, writer = await raw(api, head)
        answer = await reader.readuntil(b"\r\n\r\n")
        assert answer.startswith(f"HTTP/1.1 {status} ".encode()), answer
        assert b"application/problem+json" in answer
        assert b"Connection: close" in answer
        writer.transport.abort()
    reader, writer = await raw(api, put.format("a") + f"{key}\r\n{waits}")
    assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
    writer.write(b"abc")
    assert (await reader.readline()) == b"HTTP/1.1 201 Created\r\n"
    writer.close()


@pytest.mark.parametrize(("framed", "pieces"), [(False, [b"ab", b"cd", b"e"]), (True, [b"abcde"])])
async def test_pieces_are_joined_only_where_the_client_chose_their_size(
    framed: bool, pieces: list[bytes]
) -> None:
    content = StreamReader(BaseProtocol(asyncio.get_running_loop()), 1 << 16)
    for piece in (b"ab", b"cd", b"e"):
        content.feed_data(piece)
    content.feed_eof()
    headers = {"Transfer-Encoding": "chunked"} if framed else {"Content-Length": "5"}
    request = make_mocked_request("PUT", "/", headers=headers, payload=content)
    assert [chunk async for chunk in bodies.chunks(request)] == pieces


async def test_long_bodies_are_bounded_in_all(serve: Any, api: Any, uploads: Any, blobs: Any) -> None:
    application = app.build(api.catalog, blobs, uploads, Settings(bodies_max_bytes=120_000))
    api = replace(api, client=await serve(application))
    held = application[bodies.HELD]
    lines, others = ({"first_line": 0, "lines": [x * count]} for x, count in (("x", 130_000), ("y", 149_000)))

    async def first() -> AsyncIterator[bytes]:
        whole = json.dumps(lines).encode()
        yield whole[:-1]
        while held.bytes < len(whole) - 1 - bodies.UNCOUNTED_BYTES:  # noqa: ASYNC110 - it has no event
            await asyncio.sleep(0)
        refused = await api.raw("POST", "/runs/r1/console", json=others)
        assert (refused.status, refused.headers["Retry-After"]) == (503, "1")
        assert (await api.raw("POST", "/runs/r1/heartbeat")).status == 204
        await api.good("POST", "/runs/r1/history", {"first_line": 0, "lines": [{"small": 1}]})
        yield whole[-1:]

    headers = {"Content-Type": "application/json"}
    answer = await api.raw("POST", "/runs/r1/console", data=first(), headers=headers)
    assert answer.status == 200
    assert held.bytes == 0
    await api.good("POST", "/runs/r1/console", others | {"first_line": 1})
    assert held.bytes == 0
