"""What answers where: asked of the daemon and of the portmapper beside it, as mount(8) would ask."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from nfsd.client import Client, NfsError
from nfsd.mount3 import types as mount3
from nfsd.nfs3 import types as nfs3
from nfsd.portmap import IPPROTO_TCP, IPPROTO_UDP, PMAP_PORT, Failure, port_of
from nfsd.rpc.client import CallFailed, TcpCalls
from runfs.mount_form import Reach
from runfs.settings import Address

STATUS = 100024, 1
LOCKS = 100021, 4
LIMIT_S = 5.0
NOT_ALLOWED = "the daemon lets this machine mount nothing; start it with an --allow NETWORK that has it"


async def reach(address: Address) -> Reach:
    """Ask everybody, once; whoever does not answer in time is not there."""
    serves, reached = await asyncio.gather(_serves(address), _portmapper(address))
    return replace(reached, serves=serves)


async def refusal(address: Address, path: str) -> str | None:
    """Why the daemon would not have `path` mounted, in words for the user; None where it would."""
    try:
        async with asyncio.timeout(LIMIT_S):
            (await Client.mount(address.host, address.port, path)).close()
    except NfsError as error:
        if error.status is mount3.mountstat3.MNT3ERR_ACCES:
            return NOT_ALLOWED
        if error.status in (mount3.mountstat3.MNT3ERR_NOENT, mount3.mountstat3.MNT3ERR_NOTDIR):
            return f"{path} is no folder of the served tree; `runfs ls` shows what there is"
        return f"the daemon refuses {path}: {error}"
    except CallFailed:
        return NOT_ALLOWED
    except Failure as error:
        return f"the daemon does not answer a mount of {path}: {error or type(error).__name__}"
    return None


async def _portmapper(address: Address) -> Reach:
    try:
        async with asyncio.timeout(LIMIT_S):
            nfs = await _known(address.host, nfs3.PROGRAM, nfs3.VERSION, IPPROTO_TCP)
            mount = await _known(address.host, mount3.PROGRAM, mount3.VERSION, IPPROTO_TCP)
            status = await _known(address.host, *STATUS, IPPROTO_UDP)
            locks = await _known(address.host, *LOCKS, IPPROTO_TCP)
    except Failure:
        return Reach(address, serves=False)
    knows_nfs = nfs == mount == address.port
    return Reach(address, False, True, knows_nfs, bool(status), locks == address.port)


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
