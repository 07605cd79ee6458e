from __future__ import annotations

import os
import socket

import pytest

from runfs.errors import CommandError
from runfs.ports import UNPRIVILEGED, bind, bind_reserved, bound_to, is_taken
from runfs.settings import Address


@pytest.mark.parametrize("kind", [socket.SOCK_STREAM, socket.SOCK_DGRAM])
def test_a_free_port_and_a_taken_one(kind: socket.SocketKind) -> None:
    with bind(Address("127.0.0.1", 0), kind, "--nfs") as bound:
        address = bound_to(bound)
        assert address.host == "127.0.0.1"
        assert address.port > 0
        if kind == socket.SOCK_STREAM:
            bound.listen()
        with pytest.raises(CommandError, match=f"port {address.port} .* in use.*--nfs HOST:PORT") as refused:
            bind(address, kind, "--nfs")
        assert is_taken(refused.value)
        assert refused.value.status == 2


@pytest.mark.parametrize("host", ["203.0.113.7", "not a host name", "x" * 300])
def test_no_address_of_this_machine(host: str) -> None:
    with pytest.raises(CommandError, match=r"is no address.*--http") as refused:
        bind(Address(host, 0), socket.SOCK_STREAM, "--http")
    assert not is_taken(refused.value)


def test_a_port_of_root(monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(self: socket.socket, address: object) -> None:
        raise PermissionError(13, os.strerror(13))

    monkeypatch.setattr(socket.socket, "bind", denied)
    with pytest.raises(CommandError, match="port 111 is root's"):
        bind(Address("127.0.0.1", 111), socket.SOCK_STREAM, "--portmap")


def test_ipv6() -> None:
    with bind(Address("::1", 0), socket.SOCK_STREAM, "--nfs") as bound:
        assert bound_to(bound).host == "::1"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may have these ports")
def test_reserved_ports_for_root() -> None:
    with bind_reserved("127.0.0.1", "--nfs") as first, bind_reserved("127.0.0.1", "--nfs") as second:
        assert bound_to(first).port < UNPRIVILEGED
        assert bound_to(second).port < UNPRIVILEGED


def test_any_port_for_others(monkeypatch: pytest.MonkeyPatch) -> None:
    bind_socket = socket.socket.bind

    def denied(self: socket.socket, address: tuple[str, int]) -> None:
        if 0 < address[1] < UNPRIVILEGED:
            raise PermissionError(13, os.strerror(13))
        bind_socket(self, address)

    monkeypatch.setattr(socket.socket, "bind", denied)
    with bind_reserved("127.0.0.1", "--nfs") as bound:
        assert bound_to(bound).port >= UNPRIVILEGED
