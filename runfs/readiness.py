"""Whether the daemon serves: asked of itself as a client would ask, over NFS."""

from __future__ import annotations

import asyncio
import secrets

from nfsd.client import Client, NfsError
from nfsd.mount3.types import mountstat3
from nfsd.rpc.client import auth_sys
from runfs.settings import Address

LIMIT_S = 5.0
ANY = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # where a listener on every address is reached
NOBODY = 65534
# The machine that the daemon says it is when it asks itself: such mounts are not told of. Drawn anew by each
# process, so that nobody else's mount can hide behind it.
PROBE = f"readyz-{secrets.token_hex(16)}"


async def check_nfs(address: Address) -> None:
    """Mount the root and read its attributes. Raises what keeps that from working."""
    host = ANY.get(address.host, address.host)
    credential = auth_sys(NOBODY, NOBODY, machine=PROBE)
    try:
        async with (
            asyncio.timeout(LIMIT_S),
            await Client.mount(host, address.port, credential=credential) as client,
        ):
            await client.getattr(client.root)
    except NfsError as refused:
        # --allow may leave out this machine: then that is the answer that it should give.
        if refused.status is not mountstat3.MNT3ERR_ACCES:
            raise
