from collections.abc import AsyncIterator

import pytest

from nfsd.portmap import (
    IPPROTO_TCP,
    IPPROTO_UDP,
    Mappings,
    Portmap,
    mapping,
    port_of,
    register,
    unregister,
)
from nfsd.portmap.types import boolean
from nfsd.rpc import Call, Dispatch, Limits, Program, Server, procedure


class Strict(Portmap):
    """As rpcbind: a mapping that is there with another port is not replaced."""

    @procedure(1, mapping, boolean)
    async def pmapproc_set(self, arguments: mapping, call: Call) -> bool:
        if self.mappings.port(arguments.prog, arguments.vers, arguments.prot) not in (0, arguments.port):
            return False
        return await super().pmapproc_set(arguments, call)


class Nfs(Program, number=100003, version=3): ...


@pytest.fixture
async def rpcbind() -> AsyncIterator[tuple[Mappings, int]]:
    mappings = Mappings()
    server = Server(Dispatch([Strict(mappings), Nfs()]), Limits(drain_seconds=0))
    yield mappings, await server.listen_tcp("127.0.0.1", 0)
    await server.stop()


WANTED = (mapping(100003, 3, IPPROTO_TCP, 2049), mapping(100005, 3, IPPROTO_UDP, 2049))


async def test_mappings_are_told_and_taken_out_again(rpcbind: tuple[Mappings, int]) -> None:
    mappings, port = rpcbind
    registration = await register(WANTED, port=port)
    assert (registration.taken, registration.refused) == (WANTED, ())
    assert mappings.all() == WANTED
    assert await port_of(100003, 3, IPPROTO_TCP, "127.0.0.1", port) == 2049
    assert (await register(WANTED, port=port)).taken == WANTED
    await unregister(registration.taken, port=port)
    assert mappings.all() == ()
    assert await port_of(100003, 3, IPPROTO_TCP, "127.0.0.1", port) == 0
    mappings.serve(100003, 3, IPPROTO_TCP, 65_536)
    assert await port_of(100003, 3, IPPROTO_TCP, "127.0.0.1", port) == 0


async def test_what_a_dead_daemon_left_is_replaced(rpcbind: tuple[Mappings, int]) -> None:
    mappings, port = rpcbind
    mappings.set("127.0.0.1", mapping(100003, 3, IPPROTO_TCP, 1))
    assert (await register(WANTED, port=port)).taken == WANTED
    assert mappings.port(100003, 3, IPPROTO_TCP) == 2049


async def test_a_server_that_is_at_work_stays(rpcbind: tuple[Mappings, int]) -> None:
    mappings, port = rpcbind
    mappings.set("127.0.0.1", mapping(100003, 3, IPPROTO_TCP, port))
    registration = await register(WANTED, port=port)
    assert (registration.taken, registration.refused) == (WANTED[1:], WANTED[:1])
    assert mappings.port(100003, 3, IPPROTO_TCP) == port


async def test_without_a_portmapper_it_is_an_os_error() -> None:
    with pytest.raises(OSError, match=r"Connect call failed|refused"):
        await register(WANTED, port=1)
