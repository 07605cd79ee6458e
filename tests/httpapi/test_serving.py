"""What is no HTTP, or tries to be two requests at once, on the served socket."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from httpapi.serving import LINE_MAX_BYTES, serving


@pytest.fixture
async def port(application: web.Application) -> AsyncIterator[int]:
    bound = socket.create_server(("127.0.0.1", 0))
    async with serving(application, bound):
        yield bound.getsockname()[1]


async def exchange(port: int, data: bytes) -> bytes:
    """All that is answered to some bytes, until the server ends the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(data)
    answer = await reader.read()
    writer.close()
    return answer


def head(*lines: str, first: str = "POST /api/v1/runs HTTP/1.1") -> bytes:
    return "\r\n".join([first, "Host: localhost", *lines, "", ""]).encode("latin-1")


SMUGGLED = head("Connection: close", first="GET /healthz HTTP/1.1")


@pytest.mark.parametrize(
    "request_bytes",
    [
        head("Content-Length: 5", "Transfer-Encoding: chunked") + b"0\r\n\r\n",
        head("Transfer-Encoding: chunked", "Content-Length: 5") + b"0\r\n\r\n",
        head("Content-Length: 5", "Content-Length: 6") + b"abcde",
        head("Content-Length: 5, 5") + b"abcde",
        head("Content-Length: +5") + b"abcde",
        head("Content-Length: -5") + b"abcde",
        head("Content-Length: 0x5") + b"abcde",
        head("Content-Length: 5_0") + b"abcde",
        head("Content-Length : 5") + b"abcde",
        head("Content-Length:") + b"abcde",
        head("Transfer-Encoding: identity, chunked, gzip") + b"0\r\n\r\n",
        head("Transfer-Encoding: xchunked") + b"0\r\n\r\n",
        head("Transfer-Encoding: chunked", "Transfer-Encoding: chunked") + b"0\r\n\r\n",
        head("Transfer-Encoding\x0b: chunked") + b"0\r\n\r\n",
        head(" Transfer-Encoding: chunked") + b"0\r\n\r\n",
        head("X: a\r\n folded") + b"",
        head("X: a\x00b"),
        head("X: a\rb"),
        head("X y: a"),
        head(": a"),
        head(first="POST /api/v1/runs HTTP/9.9"),
        head(first="POST /api/v1/runs"),
        head(first="PO ST /api/v1/runs HTTP/1.1"),
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ],
)
async def test_what_could_be_read_in_two_ways_is_refused(port: int, request_bytes: bytes) -> None:
    answer = await exchange(port, request_bytes + SMUGGLED)
    assert answer.startswith((b"HTTP/1.1 400 ", b"HTTP/1.0 400 ")), answer
    about, _, body = answer.partition(b"\r\n\r\n")
    assert b"Content-Type: application/problem+json" in about
    assert b"X-Content-Type-Options: nosniff" in about
    assert b"Server: runfs" in about
    document = json.loads(body)  # one answer, and none to what was smuggled
    assert (document["type"], document["status"]) == ("urn:runfs:problem:malformed", 400)


async def test_a_body_that_is_framed_wrongly(port: int) -> None:
    for body in (b"zz\r\nab\r\n0\r\n\r\n", b"2\r\nabcd\r\n0\r\n\r\n", b"-2\r\nab\r\n0\r\n\r\n"):
        answer = await exchange(
            port, head("Transfer-Encoding: chunked", "Content-Type: application/json") + body + SMUGGLED
        )
        assert b" 400 " in answer[:20], answer
        assert json.loads(answer.partition(b"\r\n\r\n")[2])["status"] == 400  # one answer


async def test_a_line_that_is_too_long(port: int) -> None:
    long = "x" * (LINE_MAX_BYTES + 1)
    for data in (head(f"X: {long}"), head(first=f"GET /{long} HTTP/1.1")):
        answer = await exchange(port, data)
        assert b" 431 " in answer[:20], answer[:200]
        assert b"urn:runfs:problem:head-too-large" in answer
    answer = await exchange(port, head(*[f"X{number}: y" for number in range(1000)]))
    assert b" 400 " in answer[:20], answer[:200]


async def test_the_longest_path_of_a_file_fits(port: int) -> None:
    path = "%E2%82%AC" * 1365  # 4,095 bytes
    answer = await exchange(
        port,
        head(
            "Content-Length: 0", "Connection: close", first=f"PUT /api/v1/runs/r/files?path={path} HTTP/1.1"
        ),
    )
    assert answer.startswith(b"HTTP/1.1 401 ")


ASKED = head(first="GET /healthz HTTP/1.1")


async def test_pipelined_requests_are_answered_in_order(port: int) -> None:
    answer = await exchange(port, ASKED + head(first="GET /api/nothing HTTP/1.1") + SMUGGLED)
    assert [part[:3] for part in answer.split(b"HTTP/1.1 ")[1:]] == [b"200", b"404", b"200"]


async def test_it_stops_listening_at_its_end(application: web.Application) -> None:
    bound = socket.create_server(("127.0.0.1", 0))
    port = bound.getsockname()[1]
    async with serving(application, bound):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
    assert await reader.read() == b""
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", port)
    writer.close()
