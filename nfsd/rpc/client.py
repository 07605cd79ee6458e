"""Calls to other servers: what our own NFS client, the lock manager's callbacks and a portmapper's clients
send.

One `TcpCalls` is one connection, one `UdpCalls` one socket that calls anybody. Any number of calls may be
in flight.
"""

import asyncio
import itertools
import os
import socket
from ipaddress import ip_address
from typing import Any

import xdr
from nfsd.rpc.record import LAST, Records, RecordTooLarge
from nfsd.rpc.types import (
    RPC_VERSION,
    accept_stat,
    auth_flavor,
    authsys_parms,
    body,
    call_body,
    msg_type,
    opaque_auth,
    reply_stat,
    rpc_msg,
)

REPLY_BYTES = 2 * 1024 * 1024
"""The largest reply that is taken: a READ of 1 MiB, with room."""
CALL_SECONDS = 10.0
UDP_FIRST_SECONDS = 0.5
"""When a datagram is first sent again; the time doubles with each try."""
UDP_TRIES = 4

NO_AUTH = opaque_auth(auth_flavor.AUTH_NONE, b"")

_message = xdr.codec(rpc_msg)  # its functions are made at the first call: a daemon may start without one


class CallFailed(Exception):
    """The server refused the call; the message is the refusal's name in RFC 5531."""


def auth_sys(uid: int, gid: int, gids: tuple[int, ...] = (), machine: str | None = None) -> opaque_auth:
    """An AUTH_SYS credential from this machine, unless another name is given."""
    name = (machine or socket.gethostname()).encode()[:255]
    return opaque_auth(auth_flavor.AUTH_SYS, xdr.pack(authsys_parms, authsys_parms(0, name, uid, gid, gids)))


def read_reply(reply: bytes) -> int:
    """Where the results begin in a reply; CallFailed for a refusal, xdr.Error for what is no reply."""
    message, offset = _message.unpack(reply, 0)
    if message.body.discriminant != msg_type.REPLY:
        raise xdr.Error("rpc_msg: a call where a reply is due")
    stat, arm = message.body.arm.discriminant, message.body.arm.arm
    if stat == reply_stat.MSG_DENIED:
        raise CallFailed(arm.arm.name if hasattr(arm.arm, "name") else arm.discriminant.name)
    if arm.reply_data.discriminant != accept_stat.SUCCESS:
        raise CallFailed(arm.reply_data.discriminant.name)
    return int(offset)


class _Calls(asyncio.BaseProtocol):
    """The calls in flight, by xid."""

    def __init__(self, credential: opaque_auth = NO_AUTH) -> None:
        self.credential = credential
        # Two clients at one source port must not use the same xids: some servers would drop the second
        # one's calls.
        self._xids = itertools.count(int.from_bytes(os.urandom(4), "big"))
        self._waiting: dict[int, asyncio.Future[bytes]] = {}

    def _make(self, program: int, version: int, procedure: int, arguments: bytes) -> tuple[int, bytes]:
        xid = next(self._xids) & 0xFFFF_FFFF
        call = call_body(RPC_VERSION, program, version, procedure, self.credential, NO_AUTH)
        packed = _message.pack(rpc_msg(xid, body(msg_type.CALL, call))) + arguments
        self._waiting[xid] = asyncio.get_running_loop().create_future()
        return xid, packed

    def _answered(self, reply: bytes) -> None:
        future = self._waiting.get(int.from_bytes(reply[:4], "big"))
        if future and not future.done():
            future.set_result(reply)

    def _fail(self, error: Exception) -> None:
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(error)


class TcpCalls(_Calls, asyncio.Protocol):
    """One connection to one server; OSError once it is lost."""

    _transport: asyncio.Transport

    @classmethod
    async def connect(
        cls, host: str, port: int, credential: opaque_auth = NO_AUTH, source: str | None = None
    ) -> "TcpCalls":
        """Connect, from the address `source` where one is given; OSError, TimeoutError among them, where
        nobody answers."""
        loop = asyncio.get_running_loop()
        local = (source, 0) if source else None
        async with asyncio.timeout(CALL_SECONDS):
            _, calls = await loop.create_connection(lambda: cls(credential), host, port, local_addr=local)
        return calls

    def __init__(self, credential: opaque_auth = NO_AUTH) -> None:
        super().__init__(credential)
        self._records = Records(REPLY_BYTES)
        self._lost = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember the transport; uvloop's is no Transport by class, only by its methods."""
        self._transport = transport  # type: ignore[assignment]

    def connection_lost(self, error: Exception | None) -> None:
        """Fail what is in flight."""
        self._lost = True
        self._fail(error or ConnectionResetError("the server closed the connection"))

    def data_received(self, data: bytes) -> None:
        """Hand replies to who waits for them."""
        try:
            for record in self._records.feed(data):
                self._answered(record)
        except RecordTooLarge as error:
            self._fail(ConnectionError(str(error)))
            self._transport.abort()

    async def call(
        self,
        program: int,
        version: int,
        procedure: int,
        arguments: bytes = b"",
        timeout_s: float = CALL_SECONDS,
    ) -> bytes:
        """The results of a call, packed; CallFailed, OSError or xdr.Error where there are none."""
        if self._lost:
            raise ConnectionResetError("the connection is closed")
        xid, record = self._make(program, version, procedure, arguments)
        try:
            self._transport.write((LAST | len(record)).to_bytes(4, "big") + record)
            async with asyncio.timeout(timeout_s):
                reply = await self._waiting[xid]
        finally:
            del self._waiting[xid]
        return reply[read_reply(reply) :]

    async def ask(
        self, program: int, version: int, procedure: int, arguments: Any, value: Any, result: Any
    ) -> Any:
        """A call with values: `value` of the type `arguments`, to a value of the type `result`."""
        packed = xdr.pack(arguments, value)
        return xdr.unpack(result, await self.call(program, version, procedure, packed))

    def close(self) -> None:
        """Close the connection."""
        self._transport.close()


class UdpCalls(_Calls, asyncio.DatagramProtocol):
    """One socket from which anybody may be called."""

    _transport: asyncio.DatagramTransport

    @classmethod
    async def open(cls, where: str | socket.socket, credential: opaque_auth = NO_AUTH) -> "UdpCalls":
        """Open a socket at a local address, or take one that is bound; it may have a port of root's."""
        address, sock = ((where, 0), None) if isinstance(where, str) else (None, where)
        _, calls = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: cls(credential), local_addr=address, sock=sock
        )
        return calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember the transport; uvloop's is no DatagramTransport by class, only by its methods."""
        self._transport = transport  # type: ignore[assignment]

    @property
    def address(self) -> str | None:
        """The address that calls leave from; None where the system chooses one for each."""
        host = str(self._transport.get_extra_info("sockname")[0])
        return None if ip_address(host).is_unspecified else host

    def datagram_received(self, data: bytes, address: tuple[str, int]) -> None:
        """Hand a reply to who waits for it; xids begin at random, so that nobody else can guess one."""
        self._answered(data)

    async def call(
        self, host: str, port: int, program: int, version: int, procedure: int, arguments: bytes = b""
    ) -> bytes:
        """The results of a call, packed; TimeoutError after UDP_TRIES, CallFailed or xdr.Error for a bad
        reply."""
        xid, datagram = self._make(program, version, procedure, arguments)
        try:
            for attempt in range(UDP_TRIES):
                self._transport.sendto(datagram, (host, port))
                done, _ = await asyncio.wait([self._waiting[xid]], timeout=UDP_FIRST_SECONDS * 2**attempt)
                if done:
                    reply = self._waiting[xid].result()
                    return reply[read_reply(reply) :]
        finally:
            del self._waiting[xid]
        raise TimeoutError(f"no reply from {host}:{port} after {UDP_TRIES} datagrams")

    async def ask(
        self,
        host: str,
        port: int,
        program: int,
        version: int,
        procedure: int,
        arguments: Any,
        value: Any,
        result: Any,
    ) -> Any:
        """A call with values: `value` of the type `arguments`, to a value of the type `result`."""
        packed = xdr.pack(arguments, value)
        return xdr.unpack(result, await self.call(host, port, program, version, procedure, packed))

    def close(self) -> None:
        """Close the socket."""
        self._transport.close()
