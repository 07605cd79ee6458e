"""Whether the daemon serves: asked of itself as a client would ask, over NFS."""

from __future__ import annotations

import asyncio

from nfsd.client import Client
from runfs.settings import Address

LIMIT_S = 5.0
ANY = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # where a listener on every address is reached


async def check_nfs(address: Address) -> None:
    """Mount the root and read its attributes. Raises whatever keeps that from working, TimeoutError after LIMIT_S."""
    async with asyncio.timeout(LIMIT_S):
        client = await Client.mount(ANY.get(address.host, address.host), address.port)
        client.close()
