"""Everything that is answered over RPC: NFS and MOUNT over the tree, locks, a portmapper that names them."""

from __future__ import annotations

import logging
import os
import shutil
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import NamedTuple

from nfsd.mount3.program import Mount3
from nfsd.nfs3.program import NFS3
from nfsd.nlm4 import Locking
from nfsd.nlm4.types import NLM_PROG
from nfsd.portmap import Mappings, Portmap
from nfsd.rpc import Call, Dispatch, Program, Refusal, Server, Tallies
from nfsd.rpc.client import UdpCalls
from nfsd.tree.networks import Networks
from nfsd.tree.tree import Tree
from runfs import portmapper, readiness
from runfs.mount_form import explicit_mount
from runfs.opened import Store
from runfs.ports import bound_to
from runfs.settings import PORTMAP_PORT, Address, Settings
from store.uploads import Content

log = logging.getLogger(__name__)
audit = logging.getLogger("audit")

LOCKS_FILE = "locks.json"
PROGRAMS = {100000: "portmap", 100003: "nfs", 100005: "mount", 100021: "nlm", 100024: "status"}
"""What logs and metrics call the programs."""


class Sockets(NamedTuple):
    """RPC over TCP and UDP, on one port unless the system chose; calls to clients; our portmapper, if any."""

    streams: socket.socket
    datagrams: socket.socket
    callbacks: socket.socket
    portmap: portmapper.Ours | None


class Listening(NamedTuple):
    """Where NFS answers, and our portmapper if it is ours."""

    nfs: Address
    portmap: Address | None


@asynccontextmanager
async def serving(
    settings: Settings, sockets: Sockets, store: Store, tallies: Tallies
) -> AsyncIterator[Listening]:
    """Serve inside the block. At its end calls in flight are answered, and nobody is told of us any more."""
    tree = Tree(store.catalog, Content(store.catalog.direct, store.blobs))
    networks = Networks(map(str, settings.allow))
    owner = os.geteuid(), os.getegid()
    nfs = NFS3(tree, networks, owner, lambda: _space(settings.data))
    mount = Mount3(tree, networks, _mounted)
    mappings = Mappings()
    observer = _logged if settings.verbose else None
    async with AsyncExitStack() as stack:

        async def serve(programs: tuple[Program, ...], *bound: socket.socket) -> None:
            server = Server(Dispatch(programs, observer, _refused, tallies))
            stack.push_async_callback(server.stop)
            for each in bound:
                await server.serve(each)

        callbacks = await UdpCalls.open(sockets.callbacks)
        file, name = settings.data / LOCKS_FILE, socket.gethostname()
        locking = await Locking.start(file, mappings, callbacks, tree.resolve, name, networks.admit)
        stack.push_async_callback(locking.stop)
        over_tcp, over_udp = (nfs, mount, *locking.programs), (mount, *locking.programs)
        portmapper.fill(
            mappings, bound_to(sockets.streams).port, over_tcp, bound_to(sockets.datagrams).port, over_udp
        )
        await serve(over_tcp, sockets.streams)
        await serve(over_udp, sockets.datagrams)
        listening = Listening(bound_to(sockets.streams), None)
        if sockets.portmap is not None:
            listening = Listening(listening.nfs, bound_to(sockets.portmap.streams))
            portmapper.fill_own(mappings, bound_to(sockets.portmap.streams).port)
            await serve((Portmap(mappings),), sockets.portmap.streams, sockets.portmap.datagrams)
        elif settings.portmap is not None:
            await _register(listening.nfs, mappings, stack)
        locking.tell_restart()
        yield listening


async def _register(nfs: Address, mappings: Mappings, stack: AsyncExitStack) -> None:
    """Have the system's portmapper know us. Not our lock manager: that name is the kernel's own there."""
    told = [each for each in mappings.all() if each.prog != NLM_PROG]
    system = Address(nfs.host, PORTMAP_PORT)
    if not await stack.enter_async_context(portmapper.registered(system, told)):
        log.info("mounts must name their ports", extra={"command": explicit_mount(nfs)})


def _mounted(call: Call, path: str) -> None:
    if call.credential.machine == readiness.PROBE:
        return
    told = {"client": call.client, "port": call.port, "uid": call.credential.uid, "path": path}
    log.info("mount", extra=told)
    audit.info("mount", extra=told)


def _refused(call: Refusal) -> None:
    told = {"client": call.client, "port": call.port, "uid": call.uid, "program": call.program}
    audit.info("refused", extra={**told, "procedure": call.procedure, "reason": call.reason})


def _space(data: Path) -> tuple[int, int]:
    usage = shutil.disk_usage(data)
    return usage.total, usage.free


def _logged(program: int, procedure: str, status: str, seconds: float) -> None:
    """Write a line at debug for a call: an observer of a dispatch."""
    log.debug("%s %s %s in %.0f us", PROGRAMS.get(program, str(program)), procedure, status, seconds * 1e6)
