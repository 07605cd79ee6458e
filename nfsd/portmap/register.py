"""Asking and telling another portmapper: the system's rpcbind, where port 111 is its, and those of
clients."""

from collections.abc import Iterable
from typing import NamedTuple

import xdr
from nfsd.portmap.mappings import PORT_MAX
from nfsd.portmap.types import IPPROTO_TCP, PMAP_PORT, PMAP_PROG, PMAP_VERS, boolean, mapping, uint32
from nfsd.rpc.client import CallFailed, TcpCalls

SET, UNSET, GETPORT = 1, 2, 3

Failure = (OSError, CallFailed, xdr.Error)
"""What a portmapper that cannot be asked raises."""


class Registration(NamedTuple):
    """Which mappings a portmapper took from us, and which it did not, because someone else is at work
    there."""

    taken: tuple[mapping, ...]
    refused: tuple[mapping, ...]


async def port_of(
    program: int, version: int, protocol: int, host: str, port: int = PMAP_PORT, source: str | None = None
) -> int:
    """A program's port as the portmapper at `host` knows it, 0 if it does not, or what it says is no port.

    Raises one of Failure.
    """
    calls = await TcpCalls.connect(host, port, source=source)
    try:
        found = await _ask(calls, GETPORT, mapping(program, version, protocol, 0))
        return found if found <= PORT_MAX else 0
    finally:
        calls.close()


async def register(
    mappings: Iterable[mapping], host: str = "127.0.0.1", port: int = PMAP_PORT
) -> Registration:
    """Tell the portmapper where our programs are. Raises one of Failure.

    A mapping that a daemon left behind when it died is replaced; one at which somebody answers stays.
    """
    taken: list[mapping] = []
    refused: list[mapping] = []
    calls = await TcpCalls.connect(host, port)
    try:
        for wanted in mappings:
            present = await _ask(calls, GETPORT, wanted)
            if present not in (0, wanted.port):
                if wanted.prot != IPPROTO_TCP or await _answers(host, present, wanted):
                    refused.append(wanted)
                    continue
                await calls.ask(PMAP_PROG, PMAP_VERS, UNSET, mapping, wanted, boolean)
            done = await calls.ask(PMAP_PROG, PMAP_VERS, SET, mapping, wanted, boolean)
            (taken if done or present == wanted.port else refused).append(wanted)
    finally:
        calls.close()
    return Registration(tuple(taken), tuple(refused))


async def unregister(mappings: Iterable[mapping], host: str = "127.0.0.1", port: int = PMAP_PORT) -> None:
    """Take our mappings out again. Raises one of Failure."""
    calls = await TcpCalls.connect(host, port)
    try:
        for gone in mappings:
            await calls.ask(PMAP_PROG, PMAP_VERS, UNSET, mapping, gone, boolean)
    finally:
        calls.close()


async def _ask(calls: TcpCalls, procedure: int, wanted: mapping) -> int:
    return int(await calls.ask(PMAP_PROG, PMAP_VERS, procedure, mapping, wanted, uint32))


async def _answers(host: str, port: int, wanted: mapping) -> bool:
    """Whether the program is really there: its NULL procedure answers."""
    try:
        calls = await TcpCalls.connect(host, port)
    except OSError:
        return False
    try:
        await calls.call(wanted.prog, wanted.vers, 0)
    except Failure:
        return False
    finally:
        calls.close()
    return True
