from __future__ import annotations

import argparse
import logging
import socket
from dataclasses import replace

import pytest

from nfsd.portmap import IPPROTO_TCP, IPPROTO_UDP, Mappings, Portmap, mapping
from nfsd.rpc import Dispatch, Program, Server
from runfs import portmapper, settings
from runfs.errors import CommandError
from runfs.ports import bound_to
from runfs.settings import Address, Settings


class Sample(Program, number=300_000, version=3):
    """A program of ours."""


def wanted(portmap: Address | None, required: bool) -> Settings:
    parser = argparse.ArgumentParser()
    settings.add_arguments(parser)
    made = settings.from_arguments(parser.parse_args(["--data", "/nowhere"]), {})
    return replace(made, portmap=portmap, portmap_required=required)


def test_both_sockets_have_one_port() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    ours = portmapper.bind(wanted(Address("127.0.0.1", port), required=True))
    assert ours is not None
    assert bound_to(ours.streams).port == bound_to(ours.datagrams).port == port
    ours.streams.close()
    ours.datagrams.close()
    assert portmapper.bind(wanted(None, required=False)) is None


@pytest.mark.parametrize("kind", [socket.SOCK_STREAM, socket.SOCK_DGRAM])
def test_taken_is_an_error_only_where_it_was_named(kind: socket.SocketKind) -> None:
    with socket.socket(socket.AF_INET, kind) as taken:
        taken.bind(("127.0.0.1", 0))
        if kind == socket.SOCK_STREAM:
            taken.listen()
        address = bound_to(taken)
        assert portmapper.bind(wanted(address, required=False)) is None
        with pytest.raises(CommandError, match="--portmap"):
            portmapper.bind(wanted(address, required=True))


def test_mappings() -> None:
    found = Mappings()
    portmapper.fill(found, 1000, [Sample()], 2000, [Sample()])
    assert found.port(300_000, 3, IPPROTO_TCP) == 1000
    assert found.port(300_000, 3, IPPROTO_UDP) == 2000
    portmapper.fill_own(found, 111)
    assert found.port(100_000, 2, IPPROTO_UDP) == 111


async def test_registered_while_it_lasts() -> None:
    theirs = Mappings()
    server = Server(Dispatch([Portmap(theirs)]))
    where = Address("127.0.0.1", await server.listen_tcp("127.0.0.1", 0))
    ours = [mapping(300_000, 3, IPPROTO_TCP, 1000)]
    async with portmapper.registered(where, ours) as known:
        assert known
        assert theirs.port(300_000, 3, IPPROTO_TCP) == 1000
    assert theirs.port(300_000, 3, IPPROTO_TCP) == 0
    await server.stop()


async def test_no_portmapper_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        async with portmapper.registered(Address("127.0.0.1", 1), []) as known:
            assert not known
    assert len([record for record in caplog.records if "no portmapper" in record.getMessage()]) == 1
