from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from nfsd.portmap import IPPROTO_TCP, IPPROTO_UDP, Mappings, Portmap
from nfsd.rpc import Call, Dispatch, Limits, Program, Server, procedure
from runfs import probe
from runfs.mount_form import Reach
from runfs.settings import NFS_PORT, Address


@pytest.fixture
async def mappings(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Mappings]:
    """What a portmapper knows that stands where port 111 would be."""
    made = Mappings()
    server = Server(Dispatch([Portmap(made)]))
    monkeypatch.setattr(probe, "PMAP_PORT", await server.listen_tcp("127.0.0.1", 0))
    yield made
    await server.stop()


async def test_nobody() -> None:
    found = await probe.reach(Address("127.0.0.1", 1))
    assert not found.serves


async def test_all_that_a_plain_mount_needs(served: Any, mappings: Mappings) -> None:
    address = Address.parse(served.nfs, NFS_PORT)
    assert await probe.reach(address) == Reach(address, True, has_portmapper=True)
    mappings.serve(100003, 3, IPPROTO_TCP, address.port)
    assert not (await probe.reach(address)).knows_nfs
    mappings.serve(100005, 3, IPPROTO_TCP, address.port)
    assert await probe.reach(address) == Reach(address, True, True, knows_nfs=True)
    mappings.serve(100024, 1, IPPROTO_UDP, 1234)
    mappings.serve(100021, 4, IPPROTO_TCP, address.port)
    assert await probe.reach(address) == Reach(address, True, True, True, True, True)


async def test_another_servers_entries_are_not_ours(served: Any, mappings: Mappings) -> None:
    address = Address.parse(served.nfs, NFS_PORT)
    for program in (100003, 100005, 100021):
        mappings.serve(program, 4 if program == 100021 else 3, IPPROTO_TCP, 1)
    found = await probe.reach(address)
    assert (found.knows_nfs, found.knows_locks) == (False, False)


async def test_something_else_on_the_port(served: Any) -> None:
    address = Address.parse(served.http.removeprefix("http://"), 80)
    assert not (await probe.reach(address)).serves


async def test_what_a_mount_would_be_told(served: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    address = Address.parse(served.nfs, NFS_PORT)
    assert await probe.refusal(address, "/") is None
    assert await probe.refusal(address, "/projects/team/vision") is None
    for path in ("/absent", "/runs/r1/metadata.json"):
        told = await probe.refusal(address, path)
        assert told is not None
        assert told.startswith(f"{path} is no folder")
    told = await probe.refusal(Address("127.0.0.1", 1), "/")
    assert told is not None
    assert told.startswith("the daemon does not answer")


async def test_a_machine_that_may_not_mount() -> None:
    class Refusing(Program, number=100005, version=3):
        def admits(self, client: str) -> bool:
            return False

        @procedure(1)
        async def mnt(self, arguments: None, call: Call) -> None: ...

    server = Server(Dispatch([Refusing()]), Limits(drain_seconds=0))
    address = Address("127.0.0.1", await server.listen_tcp("127.0.0.1", 0))
    assert await probe.refusal(address, "/") == probe.NOT_ALLOWED
    await server.stop()
