"""What answers where: asked of the daemon and of the portmapper beside it, as mount(8) would ask."""

from __future__ import annotations

import asyncio

from nfsd.mount3 import types as mount3
from nfsd.nfs3 import types as nfs3
from nfsd.portmap import IPPROTO_TCP, IPPROTO_UDP, PMAP_PORT, Failure, port_of
from nfsd.rpc.client import TcpCalls
from runfs.mount_form import Reach
from runfs.settings import Address

STATUS = 100024, 1
LOCKS = 100021, 4
LIMIT_S = 5.0


async def reach(address: Address) -> Reach:
    """Ask everybody, once; whoever does not answer in time is not there."""
    serves = await _serves(address)
    try:
        async with asyncio.timeout(LIMIT_S):
            nfs = await _known(address.host, nfs3.PROGRAM, nfs3.VERSION, IPPROTO_TCP)
            mount = await _known(address.host, mount3.PROGRAM, mount3.VERSION, IPPROTO_TCP)
            status = await _known(address.host, *STATUS, IPPROTO_UDP)
            locks = await _known(address.host, *LOCKS, IPPROTO_TCP)
    except Failure:
        return Reach(address, serves)
    knows_nfs = nfs == mount == address.port
    return Reach(address, serves, True, knows_nfs, bool(status), locks == address.port)


async def _known(host: str, program: int, version: int, protocol: int) -> int:
    return await port_of(program, version, protocol, host, PMAP_PORT)


async def _serves(address: Address) -> bool:
    """Whether NFS version 3 answers its NULL procedure there."""
    try:
        calls = await TcpCalls.connect(address.host, address.port)
    except OSError:
        return False
    try:
        await calls.call(nfs3.PROGRAM, nfs3.VERSION, 0, timeout_s=LIMIT_S)
    except Failure:
        return False
    finally:
        calls.close()
    return True
