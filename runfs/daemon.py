"""The composition root: the parts of the daemon, put together in the order in which they stand on each other.

Catalog and blobs; uploads over both; the tree; NFS and MOUNT over the tree; RPC servers in front. The HTTP
side stands beside the tree, on the same store and the same event loop. What a write through HTTP changes,
the catalog tells the tree before that write is acknowledged.
"""

from __future__ import annotations

import logging
import os
import shutil
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web
from prometheus_client import CollectorRegistry

import httpapi.app
from httpapi.settings import Settings as HttpSettings
from nfsd.mount3.program import Mount3
from nfsd.nfs3.program import NFS3
from nfsd.portmap import Portmap
from nfsd.rpc import Dispatch, Program, Refusal, Server
from nfsd.tree.networks import Networks
from nfsd.tree.tree import Tree
from runfs import chores, portmapper, serving
from runfs.metrics import Calls, logged
from runfs.mount_form import explicit_mount
from runfs.ports import bound_to
from runfs.readiness import check_nfs
from runfs.serving import Serving
from runfs.settings import PORTMAP_PORT, Address, Settings
from store.blobs import Blobs, open_blobs
from store.catalog import Catalog
from store.uploads import Content, Uploads

log = logging.getLogger(__name__)
audit = logging.getLogger("audit")


@dataclass(frozen=True, slots=True)
class Sockets:
    """What the daemon listens on, bound before it starts: HTTP, RPC over TCP and over UDP, the portmapper."""

    http: socket.socket
    nfs: socket.socket
    datagrams: socket.socket
    portmap: portmapper.Ours | None


@dataclass(frozen=True, slots=True)
class Store:
    """What both servers stand on."""

    catalog: Catalog
    blobs: Blobs
    uploads: Uploads


@asynccontextmanager
async def running(settings: Settings, sockets: Sockets) -> AsyncIterator[Serving]:
    """The daemon, serving inside the block. At its end it drains: what was asked by then is answered."""
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(opened(settings))
        await chores.first_start(store.catalog, settings)
        calls = Calls()
        registry = CollectorRegistry()
        registry.register(calls)

        tree = Tree(store.catalog, Content(store.catalog.direct, store.blobs))
        networks = Networks(map(str, settings.allow))
        owner = os.geteuid(), os.getegid()
        nfs = NFS3(tree, networks, owner, lambda: _space(settings.data))
        mount = Mount3(tree, networks, _mounted)
        observer = logged(calls) if settings.verbose else calls

        def server(*programs: Program) -> Server:
            made = Server(Dispatch(programs, observer, _refused))
            stack.push_async_callback(made.stop)
            return made

        streams, datagrams = (nfs, mount), (mount,)
        await server(*streams).serve(sockets.nfs)
        await server(*datagrams).serve(sockets.datagrams)
        address = bound_to(sockets.nfs)
        mappings = portmapper.mappings((address.port, streams), (bound_to(sockets.datagrams).port, datagrams))
        portmap = None
        if sockets.portmap is not None:
            portmap = bound_to(sockets.portmap.stream)
            ours = server(Portmap(portmapper.with_itself(mappings, portmap.port)))
            await ours.serve(sockets.portmap.stream)
            await ours.serve(sockets.portmap.datagrams)
        elif settings.portmap is not None:
            system = Address(address.host, PORTMAP_PORT)
            if not await stack.enter_async_context(portmapper.registered(system, mappings.all())):
                log.info("mount with the ports named", extra={"command": explicit_mount(address)})

        http_settings = HttpSettings(ready=lambda: check_nfs(address), registry=registry)
        app = httpapi.app.build(store.catalog, store.blobs, store.uploads, http_settings)
        await _serve_http(app, sockets.http, stack)

        stack.enter_context(chores.kept_up(store.catalog))
        told = Serving(
            f"http://{bound_to(sockets.http)}", str(address), str(portmap) if portmap else None, os.getpid()
        )
        told.write(settings.data)
        stack.callback(serving.remove, settings.data)
        yield told
        log.info("draining")


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Store]:
    """The store, open inside the block."""
    catalog = await Catalog.open(settings.catalog)
    try:
        blobs = open_blobs(settings.blobs)
        try:
            yield Store(catalog, blobs, _uploads(catalog, blobs, settings))
        finally:
            await blobs.close()
    finally:
        await catalog.close()


async def _serve_http(app: web.Application, bound: socket.socket, stack: AsyncExitStack) -> None:
    runner = httpapi.app.runner(app)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    await web.SockSite(runner, bound, backlog=1024).start()


def _uploads(catalog: Catalog, blobs: Blobs, settings: Settings) -> Uploads:
    return Uploads(catalog, blobs, grace_s=settings.grace_s, versions_kept=settings.versions_kept)


def _mounted(client: str, port: int, uid: int, path: str) -> None:
    told = {"client": client, "port": port, "uid": uid, "path": path}
    log.info("mount", extra=told)
    audit.info("mount", extra=told)


def _refused(call: Refusal) -> None:
    told = {"client": call.client, "port": call.port, "uid": call.uid, "program": call.program}
    audit.info("refused", extra={**told, "procedure": call.procedure, "reason": call.reason})


def _space(data: Path) -> tuple[int, int]:
    usage = shutil.disk_usage(data)
    return usage.total, usage.free
