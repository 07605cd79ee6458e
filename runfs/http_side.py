"""The HTTP side: the API and the pages, on a bound socket.

To import what it stands on takes longer than to start all the rest, so the daemon imports this module when
NFS answers already.
"""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from prometheus_client import CollectorRegistry

import httpapi.app
import httpapi.serving
from httpapi.settings import Settings as HttpSettings
from nfsd.rpc import Tallies
from runfs.metrics import Calls
from runfs.opened import Store
from runfs.readiness import check_nfs
from runfs.settings import Address, Settings


@asynccontextmanager
async def serving(
    settings: Settings, store: Store, tallies: Tallies, nfs: Address, bound: socket.socket
) -> AsyncIterator[None]:
    """Serve inside the block; at its end requests in flight are answered. `nfs` is asked for readiness."""
    registry = CollectorRegistry()
    registry.register(Calls(tallies))
    http = HttpSettings(
        hosts=settings.allow_hosts,
        public_url=settings.public_url,
        ready=lambda: check_nfs(nfs),
        registry=registry,
    )
    app = httpapi.app.build(store.catalog, store.blobs, store.uploads, http)
    async with httpapi.serving.serving(app, bound):
        yield
