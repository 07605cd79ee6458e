"""Whether the daemon serves: asked of itself as a client would ask, over NFS."""

from __future__ import annotations

import asyncio

from nfsd.client import Client
from runfs.settings import Address

LIMIT_S = 5.0
ANY = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # where a listener on every address is reached


async def check_nfs(address: Address) -> None:
    """Mount the root and read its attributes. Raises what keeps that from working."""
    host = ANY.get(address.host, address.host)
    async with asyncio.timeout(LIMIT_S), await Client.mount(host, address.port) as client:
        await client.getattr(client.root)
