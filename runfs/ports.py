"""Sockets, bound first of all: a port in use ends `runfs serve` at once, and only root may have port 111."""

from __future__ import annotations

import errno
import socket

from runfs.errors import CommandError
from runfs.settings import Address

UNPRIVILEGED = 1024  # ports below it are root's on most machines
RESERVED = range(UNPRIVILEGED - 1, 664, -1)  # of these, those that bindresvport(3) gives away too


def bind(address: Address, kind: socket.SocketKind, flag: str) -> socket.socket:
    """A socket bound to `address`, not yet listening: SOCK_STREAM or SOCK_DGRAM.

    `flag` is the one that chooses the address. Raises CommandError saying what is wrong and what to do.
    """
    try:
        found = socket.getaddrinfo(address.host, address.port, type=kind, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError):
        raise CommandError(f"{address.host} is no address; give another {flag} HOST:PORT") from None
    family, _, _, _, target = found[0]
    bound = socket.socket(family, kind)
    try:
        if kind == socket.SOCK_STREAM:  # a restart need not wait for old connections to be forgotten
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(target)
    except OSError as error:
        bound.close()
        raise CommandError(_complaint(error, address, flag)) from error
    bound.setblocking(False)
    return bound


def bind_reserved(host: str, flag: str) -> socket.socket:
    """A datagram socket with a free port below UNPRIVILEGED where we may have one, else with any.

    A Linux kernel listens to its lock manager's calls only from there. Raises CommandError.
    """
    for port in RESERVED:
        try:
            return bind(Address(host, port), socket.SOCK_DGRAM, flag)
        except CommandError as error:
            if not is_taken(error):
                break
    return bind(Address(host, 0), socket.SOCK_DGRAM, flag)


def bound_to(bound: socket.socket) -> Address:
    """The address that a bound socket has: the port is a number even where 0 was asked for."""
    host, port = bound.getsockname()[:2]
    return Address(host, port)


def is_taken(error: CommandError) -> bool:
    """Whether the port was in use, rather than forbidden or no port of this machine."""
    return isinstance(error.__cause__, OSError) and error.__cause__.errno == errno.EADDRINUSE


def _complaint(error: OSError, address: Address, flag: str) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {address.port} of {address.host} is in use; choose another with {flag} HOST:PORT"
    if error.errno == errno.EACCES and address.port < UNPRIVILEGED:
        return f"port {address.port} is root's; choose one from {UNPRIVILEGED} up with {flag} HOST:PORT"
    if error.errno == errno.EADDRNOTAVAIL:
        return f"{address.host} is no address of this machine; choose another with {flag} HOST:PORT"
    return f"cannot listen on {address}: {error.strerror}; choose another with {flag} HOST:PORT"
