"""Port 111, which a mount without options asks: ours where it may be had, else entries with the one there.

With neither, mounts must name their ports; the daemon says so once.
"""

from __future__ import annotations

import logging
import socket
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from typing import NamedTuple

from nfsd.portmap import IPPROTO_TCP, IPPROTO_UDP, Failure, Mappings, mapping, register, unregister
from nfsd.portmap.types import PMAP_PROG, PMAP_VERS
from nfsd.rpc import Program
from runfs import ports
from runfs.errors import CommandError
from runfs.settings import Address, Settings

log = logging.getLogger(__name__)


class Ours(NamedTuple):
    """The two sockets of a portmapper of our own."""

    streams: socket.socket
    datagrams: socket.socket


def bind(wanted: Settings) -> Ours | None:
    """Port 111, TCP and UDP, or what --portmap names; None where it is off, taken or forbidden.

    Raises CommandError where it was named and cannot be had.
    """
    if wanted.portmap is None:
        return None
    streams = None
    try:
        streams = ports.bind(wanted.portmap, socket.SOCK_STREAM, "--portmap")
        same = Address(wanted.portmap.host, ports.bound_to(streams).port)
        return Ours(streams, ports.bind(same, socket.SOCK_DGRAM, "--portmap"))
    except CommandError:
        if streams is not None:
            streams.close()
        if wanted.portmap_required:
            raise
        return None


def fill(
    mappings: Mappings, tcp: int, over_tcp: Iterable[Program], udp: int, over_udp: Iterable[Program]
) -> None:
    """Say where our programs are: a port, and the programs that answer there, over TCP and over UDP."""
    for protocol, port, programs in ((IPPROTO_TCP, tcp, over_tcp), (IPPROTO_UDP, udp, over_udp)):
        for program in programs:
            mappings.serve(program.number, program.version, protocol, port)


def fill_own(mappings: Mappings, port: int) -> None:
    """Have a portmapper of ours list itself, as every portmapper does."""
    for protocol in (IPPROTO_TCP, IPPROTO_UDP):
        mappings.serve(PMAP_PROG, PMAP_VERS, protocol, port)


@asynccontextmanager
async def registered(where: Address, wanted: Iterable[mapping]) -> AsyncIterator[bool]:
    """Inside the block, have the portmapper at `where` know our programs; gives whether it knows them all.

    A status monitor that is there already stays: any will do.
    """
    try:
        told = await register(wanted, where.host, where.port)
    except Failure as error:
        log.info("no portmapper at %s: %s", where, error)
        yield False
        return
    for refused in told.refused:
        log.warning("another server is registered for program %s at %s", refused.prog, where)
    try:
        yield not told.refused
    finally:
        with suppress(*Failure):
            await unregister(told.taken, where.host, where.port)
