"""One large HTTP request at a time, sent and received as cheaply as Python can: the server is the limit."""

from __future__ import annotations

import hashlib
import os
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

from benches.daemons import BenchError

RECEIVE_BYTES = 1 << 20
HEAD_BYTES_MAX = 1 << 16
TIMEOUT_S = 300
NOTHING: Mapping[str, str] = {}


def _open(method: str, url: str, headers: Mapping[str, str]) -> socket.socket:
    """A connection to a URL's server on 127.0.0.1, with the request sent up to its body."""
    host, _, target = url.removeprefix("http://").partition("/")
    fields = {"Host": host, "Connection": "close", **headers}
    lines = [f"{method} /{target} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items())]
    connection = socket.create_connection(("127.0.0.1", int(host.partition(":")[2])), timeout=TIMEOUT_S)
    connection.sendall("\r\n".join([*lines, "", ""]).encode())
    return connection


def _refuse(method: str, url: str, said: object) -> NoReturn:
    raise BenchError(f"{method} {url.partition('?')[0]}: {said}")  # a signature stays out of messages


def _answer(method: str, url: str, connection: socket.socket) -> tuple[dict[str, str], bytes]:
    """The answer's fields, by lower-case name, and what of the body came with them. BenchError unless 2xx."""
    seen = b""
    while b"\r\n\r\n" not in seen:
        piece = connection.recv(HEAD_BYTES_MAX)
        seen += piece
        if not piece or len(seen) > 2 * HEAD_BYTES_MAX:
            _refuse(method, url, f"not an HTTP answer: {seen[:200]!r}")
    head, _, body = seen.partition(b"\r\n\r\n")
    status, *lines = head.decode("latin-1").split("\r\n")
    if not status.split()[1].startswith("2"):
        _refuse(method, url, f"{status}: {body[:300]!r}")
    fields = (line.partition(":") for line in lines)
    return {name.lower(): value.strip() for name, _, value in fields}, body


def put(url: str, source: Path, headers: Mapping[str, str], offset: int = 0, size: int | None = None) -> None:
    """PUTs a file, or `size` bytes of it from `offset`, with sendfile. BenchError unless answered 2xx."""
    size = source.stat().st_size - offset if size is None else size
    end = offset + size
    fields = {**headers, "Content-Length": str(size)}
    with source.open("rb") as file, _open("PUT", url, fields) as connection:
        connection.settimeout(None)  # with a time limit, sendfile fails as soon as the socket is full
        while offset < end:
            sent = os.sendfile(connection.fileno(), file.fileno(), offset, end - offset)
            if not sent:
                _refuse("PUT", url, f"{source} ends at {offset}")
            offset += sent
        connection.settimeout(TIMEOUT_S)
        _answer("PUT", url, connection)


def get(url: str, headers: Mapping[str, str], sha256: str | None = None) -> int:
    """GETs and drops the body: its size. BenchError: not 2xx, or another length or (if given) SHA-256."""
    buffer = memoryview(bytearray(RECEIVE_BYTES))
    digest = hashlib.sha256()
    with _open("GET", url, headers) as connection:
        fields, body = _answer("GET", url, connection)
        size = len(body)
        digest.update(body)
        while count := connection.recv_into(buffer):
            size += count
            if sha256:
                digest.update(buffer[:count])
    if fields.get("content-length") != str(size):
        _refuse("GET", url, f"{size} bytes, announced {fields.get('content-length')}")
    if sha256 and digest.hexdigest() != sha256:
        _refuse("GET", url, f"the body's SHA-256 is not {sha256}")
    return size


def delete(url: str) -> None:
    """DELETEs. BenchError unless answered with 2xx."""
    with _open("DELETE", url, NOTHING) as connection:
        _answer("DELETE", url, connection)
