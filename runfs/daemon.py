"""The composition root: the store, and the two servers that stand on it side by side.

Both run on one event loop. What a write through HTTP changes, the catalog tells the tree before that write is
acknowledged, so that the next NFS call shows it.
"""

from __future__ import annotations

import asyncio
import gc
import importlib
import logging
import os
import socket
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from typing import NamedTuple

from nfsd.rpc import Tallies
from runfs import chores, folder, nfs_side, opened
from runfs.ports import bound_to
from runfs.serving import Serving, announced
from runfs.settings import BLOBS_FOLDER, CACHE_FOLDER, Settings

log = logging.getLogger(__name__)


class Sockets(NamedTuple):
    """What the daemon listens on, bound before it starts."""

    http: socket.socket
    rpc: nfs_side.Sockets


@asynccontextmanager
async def running(settings: Settings, sockets: Sockets) -> AsyncIterator[Serving]:
    """The daemon, serving inside the block. At its end it drains: what was asked by then is answered."""
    tallies = Tallies()
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(
            opened.store(
                settings.catalog,
                settings.blobs,
                settings.grace_s,
                settings.versions_kept,
                cache=settings.data / CACHE_FOLDER,
            )
        )
        own = settings.blobs == (settings.data / BLOBS_FOLDER).as_uri()
        folder.note_blobs(settings.data, None if own else settings.blobs)
        await chores.first_start(store.catalog, settings)
        listening = await stack.enter_async_context(nfs_side.serving(settings, sockets.rpc, store, tallies))

        # In a thread: NFS answers meanwhile, after 0.4 of the time that importing all of it first takes.
        with _quick_turns():
            http_side = await asyncio.to_thread(importlib.import_module, "runfs.http_side")
        await stack.enter_async_context(
            http_side.serving(settings, store, tallies, listening.nfs, sockets.http)
        )

        stack.enter_context(chores.kept_up(store.catalog, store.uploads))
        portmap = None if listening.portmap is None else str(listening.portmap)
        told = Serving(f"http://{bound_to(sockets.http)}", str(listening.nfs), portmap, os.getpid())
        stack.enter_context(announced(settings.data, told))
        gc.freeze()  # what is imported stays: a full collection looked at it for 85 ms on a busy machine
        yield told
        log.info("draining")


@contextmanager
def _quick_turns() -> Iterator[None]:
    """Inside the block no thread waits for another one's 5 ms: a call may cost several such turns."""
    interval_s = sys.getswitchinterval()
    sys.setswitchinterval(0.0002)
    try:
        yield
    finally:
        sys.setswitchinterval(interval_s)
