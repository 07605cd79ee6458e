"""Who is connected: not too many, not too many of one address, nobody who takes for ever to ask.

A gate stands between each transport and aiohttp's protocol. aiohttp itself closes a connection that is idle
for its keep-alive time, however much of a head came meanwhile; it knows no limit of connections. Bodies that
trickle are the business of `httpapi.bodies`. Who does not read his answer is dropped by the kernel.
"""

import asyncio
import ipaddress
import resource
import socket
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from http import HTTPStatus
from typing import cast

from aiohttp import web

from httpapi.problems import MEDIA_TYPE, Problem

HEAD_S = 20.0  # from the first byte of a request's head to its last
UNREAD_S = 60  # a client that takes nothing of its answer for so long has gone
REFUSED_S = 2.0  # how long who is refused may take to read why
REFUSED_MAX = 128  # read why at a time; more are cut off without a word
CONNECTIONS_MAX = 4096

Address = tuple[object, ...] | str | None


def most_connections() -> int:
    """How many there may be: half of the files that this process may open, as many are needed elsewhere."""
    return min(CONNECTIONS_MAX, resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 2)


class Connections:
    """The connections of one application.

    `most` is how many there may be; one address may have three quarters of them, so that there is always room
    for others. Behind a proxy all have its address: it has limits of its own.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self.most_of_one = max(1, most * 3 // 4)
        self._of: Counter[str] = Counter()
        self._count = 0
        self.refused = 0  # that are being told so
        self._gates: dict[asyncio.BaseProtocol, _Gate] = {}

    def gate(self, protocol: Callable[[], asyncio.Protocol]) -> asyncio.Protocol:
        """The protocol for a new connection, in front of another one."""
        return _Gate(self, protocol)

    def head_came(self, protocol: asyncio.BaseProtocol) -> None:
        """The head of a request is complete, and the request is being answered."""
        gate = self._gates.get(protocol)
        if gate is not None:
            gate.head_came()

    def answered(self, protocol: asyncio.BaseProtocol) -> None:
        """The next bytes on the connection begin another request."""
        gate = self._gates.get(protocol)
        if gate is not None:
            gate.answering = False

    def enter(self, who: str) -> str | None:
        """Count a connection from an address; or why it may not be."""
        if self._count >= self.most:
            return f"{self.most} connections are open, and no more are taken."
        if self._of[who] >= self.most_of_one:
            return f"{self.most_of_one} connections are open from {who}, and no more are taken from there."
        self._count += 1
        self._of[who] += 1
        return None

    def leave(self, who: str) -> None:
        """A connection that was counted is over."""
        self._count -= 1
        self._of[who] -= 1
        if not self._of[who]:
            del self._of[who]

    def known(self, protocol: asyncio.BaseProtocol, gate: "_Gate | None") -> None:
        """Which gate stands before a protocol; None: it is over."""
        if gate is None:
            self._gates.pop(protocol, None)
        else:
            self._gates[protocol] = gate


class _Gate(asyncio.Protocol):
    """Passes everything on, unless there are too many; a clock starts with the first byte of each head."""

    def __init__(self, connections: Connections, protocol: Callable[[], asyncio.Protocol]) -> None:
        self._connections = connections
        self._make = protocol
        self._inner: asyncio.Protocol | None = None  # None: refused
        self._transport: asyncio.Transport | None = None
        self._clock: asyncio.TimerHandle | None = None
        self._who = ""
        self._is_over = False
        self.answering = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport = self._transport = cast(asyncio.Transport, transport)  # uvloop's are none by descent
        self._who = whose(transport.get_extra_info("peername"))
        reason = self._connections.enter(self._who)
        if reason is not None:
            self._refuse(transport, reason)
            return
        _drop_unread(transport.get_extra_info("socket"))
        inner = self._inner = self._make()
        self._connections.known(inner, self)
        inner.connection_made(transport)

    def data_received(self, data: bytes) -> None:
        if self._inner is None or self._is_over:
            return
        if self._clock is None and not self.answering:
            self._clock = asyncio.get_running_loop().call_later(HEAD_S, self._too_late)
        self._inner.data_received(data)

    def head_came(self) -> None:
        """Stop the clock."""
        self.answering = True
        if self._clock is not None:
            self._clock.cancel()
            self._clock = None

    def eof_received(self) -> bool | None:
        return None if self._inner is None else self._inner.eof_received()

    def pause_writing(self) -> None:
        if self._inner is not None:
            self._inner.pause_writing()

    def resume_writing(self) -> None:
        if self._inner is not None:
            self._inner.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._clock is not None:
            self._clock.cancel()
            self._clock = None
        if self._inner is None:
            self._connections.refused -= 1
            return
        self._connections.leave(self._who)
        self._connections.known(self._inner, None)
        self._inner.connection_lost(exc)

    def _refuse(self, transport: asyncio.Transport, reason: str) -> None:
        """Say so, and let the client read it: closing over unread bytes would take the answer back."""
        self._connections.refused += 1
        if self._connections.refused > REFUSED_MAX:
            transport.abort()
            return
        _tell(transport, Problem("busy", f"{reason} Try again later.", {"Retry-After": "5"}))
        self._clock = asyncio.get_running_loop().call_later(REFUSED_S, transport.abort)

    def _too_late(self) -> None:
        self._clock = None
        if self._transport is None or self._transport.is_closing():
            return
        self._is_over = True
        _tell(self._transport, Problem("timeout", f"The head of the request took more than {HEAD_S:.0f} s."))
        self._clock = asyncio.get_running_loop().call_later(REFUSED_S, self._transport.abort)


def whose(address: Address) -> str:
    """What is counted as one: an IPv4 address, or an IPv6 network of 64 bits, which is one client's."""
    if not isinstance(address, tuple) or not address:
        return ""
    try:
        found = ipaddress.ip_address(str(address[0]).partition("%")[0])
    except ValueError:
        return str(address[0])
    if isinstance(found, ipaddress.IPv6Address):
        mapped = found.ipv4_mapped
        return str(mapped) if mapped is not None else str(ipaddress.ip_network((found, 64), strict=False))
    return str(found)


def _tell(transport: asyncio.Transport, problem: Problem) -> None:
    """Answer by hand, where there is no request to answer yet, and end the connection's other direction."""
    response = problem.response()
    body = response.body
    assert isinstance(body, bytes)
    lines = [f"HTTP/1.1 {problem.status} {HTTPStatus(problem.status).phrase}", f"Content-Type: {MEDIA_TYPE}"]
    lines += [f"Content-Length: {len(body)}", "Connection: close", "Server: runfs"]
    lines += [f"{name}: {value}" for name, value in problem.headers.items()]
    transport.write("\r\n".join([*lines, "", ""]).encode() + body)
    if transport.can_write_eof():
        transport.write_eof()


def _drop_unread(connection: socket.socket | None) -> None:
    with suppress(OSError, AttributeError):  # no TCP, or no such system
        assert connection is not None
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNREAD_S * 1000)


# Set where the application is served with gates.
CONNECTIONS = web.AppKey("connections", Connections)
