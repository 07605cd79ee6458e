"""Calls back to programs of our clients: a lock that is granted at last, a server that has restarted."""

from nfsd.portmap.mappings import Mappings
from nfsd.portmap.register import port_of
from nfsd.portmap.types import IPPROTO_TCP, IPPROTO_UDP
from nfsd.rpc.client import TcpCalls, UdpCalls


class Callbacks:
    """Finds a client's program and calls it.

    A client on this machine told our portmapper where its programs are; another one has a portmapper of its
    own. UDP is preferred: its one socket may have a port below 1024, without which a Linux kernel takes no
    notice of a restart. Every call leaves from that socket's address, the one that clients know us by: a
    kernel takes no lock from another.
    """

    def __init__(self, datagrams: UdpCalls, mappings: Mappings) -> None:
        self._datagrams = datagrams
        self._mappings = mappings

    async def call(self, client: str, program: int, version: int, procedure: int, arguments: bytes) -> bytes:
        """The results, packed. Raises one of `register.Failure` where the program is not found or does not
        answer."""
        port = self._mappings.callback(client, program, version, IPPROTO_UDP)
        if port:
            return await self._datagrams.call(client, port, program, version, procedure, arguments)
        port = self._mappings.callback(client, program, version, IPPROTO_TCP)
        source = self._datagrams.address
        port = port or await port_of(program, version, IPPROTO_TCP, client, source=source)
        if not port:
            raise ConnectionRefusedError(f"{client} has no program {program} version {version}")
        calls = await TcpCalls.connect(client, port, source=source)
        try:
            return await calls.call(program, version, procedure, arguments)
        finally:
            calls.close()

    def close(self) -> None:
        """Close the socket."""
        self._datagrams.close()
