"""Port 111, which a mount without options asks: ours where it may be had, else entries with the one there.

With neither, mounts must name their ports; the daemon says so once.
"""

from __future__ import annotations

import logging
import socket
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from nfsd.portmap import IPPROTO_TCP, IPPROTO_UDP, Failure, Mappings, mapping, register, unregister
from nfsd.portmap.types import PMAP_PROG, PMAP_VERS
from nfsd.rpc import Program
from runfs import ports
from runfs.errors import CommandError
from runfs.settings import Address, Settings

log = logging.getLogger(__name__)

Served = tuple[int, Iterable[Program]]


@dataclass(frozen=True, slots=True)
class Ours:
    """The two sockets of a portmapper of our own."""

    stream: socket.socket
    datagrams: socket.socket


def bind(wanted: Settings) -> Ours | None:
    """Port 111, TCP and UDP, or what --portmap names; None where it is off, taken or forbidden.

    Raises CommandError where it was named and cannot be had.
    """
    if wanted.portmap is None:
        return None
    stream = None
    try:
        stream = ports.bind(wanted.portmap, socket.SOCK_STREAM, "--portmap")
        same = Address(wanted.portmap.host, ports.bound_to(stream).port)
        return Ours(stream, ports.bind(same, socket.SOCK_DGRAM, "--portmap"))
    except CommandError:
        if stream is not None:
            stream.close()
        if wanted.portmap_required:
            raise
        return None


def mappings(streams: Served, datagrams: Served) -> Mappings:
    """Where our programs are, over TCP and over UDP: a port and the programs that answer there."""
    found = Mappings()
    for protocol, (port, programs) in ((IPPROTO_TCP, streams), (IPPROTO_UDP, datagrams)):
        for program in programs:
            found.serve(program.number, program.version, protocol, port)
    return found


def with_itself(found: Mappings, port: int) -> Mappings:
    """The mappings of a portmapper of ours, which lists itself as every portmapper does."""
    for protocol in (IPPROTO_TCP, IPPROTO_UDP):
        found.serve(PMAP_PROG, PMAP_VERS, protocol, port)
    return found


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
