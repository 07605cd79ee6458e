"""UDP in front of a dispatch."""

import asyncio
import logging

from nfsd.rpc.dispatch import Dispatch, Peer, Reply
from nfsd.rpc.limits import Limits
from nfsd.rpc.message import MARK_BYTES

log = logging.getLogger(__name__)

DATAGRAM_BYTES = 65_507
"""The largest reply that UDP carries."""


class Datagrams(asyncio.DatagramProtocol):
    """One UDP socket: a datagram is a call, its reply a datagram."""

    _transport: asyncio.DatagramTransport

    def __init__(self, dispatch: Dispatch, limits: Limits) -> None:
        self._dispatch = dispatch
        self._limits = limits
        self._tasks: set[asyncio.Task[Reply]] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember the transport; uvloop's is no DatagramTransport by class, only by its methods."""
        self._transport = transport  # type: ignore[assignment]

    def datagram_received(self, data: bytes, address: tuple[str, int]) -> None:
        """Answer the call; one too many is dropped, as the network might have dropped it."""
        if len(self._tasks) >= self._limits.calls_in_flight:
            return
        reply = self._dispatch.answer(data, Peer.at(address, "udp"))
        if isinstance(reply, list):
            self._send(reply, address)
        elif reply is not None:
            task = asyncio.get_running_loop().create_task(reply)
            self._tasks.add(task)
            task.add_done_callback(lambda ended: self._ended(ended, address))

    def _ended(self, task: asyncio.Task[Reply], address: tuple[str, int]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            self._send(task.result(), address)

    def _send(self, reply: Reply, address: tuple[str, int]) -> None:
        datagram = b"".join(reply)[MARK_BYTES:]
        if len(datagram) > DATAGRAM_BYTES:
            log.warning("a reply of %d bytes to %s does not fit UDP", len(datagram), address[0])
        elif not self._transport.is_closing():
            self._transport.sendto(datagram, address)

    def error_received(self, error: Exception) -> None:
        """A client that went away before its reply reached it is no concern of ours."""
        log.debug("UDP: %s", error)

    def close(self) -> None:
        """Answer nothing more."""
        for task in self._tasks:
            task.cancel()
        self._transport.close()
