"""scripts/bench profile: where the time of a call goes, in one process and without a socket.

From the received bytes to the bytes to send, stage by stage: the best of many passes over calls to distinct
targets, 16 of them in each received buffer. What the machine does beside makes a pass longer and never
shorter, so the best one is nearly the same on a busy machine.
"""

from __future__ import annotations

import asyncio
import os
import socket
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import xdr
from benches import machine
from nfsd.nfs3 import types
from nfsd.nfs3.program import NFS3
from nfsd.rpc import Dispatch, Peer, Server
from nfsd.rpc.client import auth_sys
from nfsd.rpc.record import LAST, Records
from nfsd.rpc.server import Connection
from nfsd.rpc.types import body, call_body, msg_type, opaque_auth, rpc_msg
from nfsd.tree.networks import Networks
from nfsd.tree.node import ROOT
from nfsd.tree.tree import Tree
from runfs import opened
from store.blobs import ANYTHING
from store.catalog import Transaction, projects, runs
from store.catalog.rows import Run
from store.uploads import Content
from store.uploads.many import Incoming

CALLS, DEPTH = 256, 16
READ_BYTES = 4096
STAGES = (
    "cut the records out of the buffer (`Records.feed`)",
    "the answer itself (what `NFS3.fast` gives)",
    "route, count, head of the reply (the rest of `Dispatch.answer_fast`)",
    "from buffer to `write` (the rest of `Connection.data_received`)",
    f"together, {DEPTH} calls a buffer",
    "together, one call a buffer",
)


class Nowhere(asyncio.Transport):
    """A connection whose client is content with everything."""

    def __init__(self, unconnected: socket.socket) -> None:
        super().__init__({"peername": ("127.0.0.1", 1), "socket": unconnected})

    def write(self, data: Any) -> None:
        """Drop it."""

    def writelines(self, list_of_data: Any) -> None:
        """Drop them."""

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Nothing is buffered."""


def table(seconds: float) -> str:
    """The stages of each kind of call as Markdown, microseconds a call; about `seconds` for each kind."""
    with tempfile.TemporaryDirectory(prefix="runfs-profile-") as folder:
        columns = asyncio.run(_measured(Path(folder), seconds))
    lines = [
        f"On {machine.sentence(machine.description())}, in microseconds a call:",
        "",
        f"| stage | {' | '.join(columns)} |",
        f"|{'---|' * (len(columns) + 1)}",
    ]
    for stage, figures in zip(STAGES, zip(*columns.values(), strict=True), strict=True):
        lines.append(f"| {stage} | {' | '.join(f'{figure:.2f}' for figure in figures)} |")
    return "\n".join(lines)


async def _measured(folder: Path, seconds: float) -> dict[str, list[float]]:
    columns: dict[str, list[float]] = {}
    async with opened.store(str(folder / "catalog"), (folder / "blobs").as_uri(), 600, 5) as store:
        run = await _filled(store)
        tree = Tree(store.catalog, Content(store.catalog.direct, store.blobs))
        server = Server(Dispatch([NFS3(tree, Networks())]))
        for title, calls in (await _calls(tree, run)).items():
            columns[title] = await _stages(server, calls, seconds)
    return columns


async def _filled(store: opened.Store) -> Run:
    """A run with CALLS small files and one that is mapped."""

    async def work(tx: Transaction) -> Run:
        return await runs.create(tx, (await projects.ensure(tx, "bench", "profile")).id, "run")

    async def chunks() -> AsyncIterator[bytes]:
        yield os.urandom(CALLS * READ_BYTES)

    run = await store.catalog.write(work)
    small = [
        Incoming(name, os.urandom(READ_BYTES), ANYTHING, "application/octet-stream") for name in _names()
    ]
    await store.uploads.put_all(run.fileset_id, small)
    await store.uploads.put(run.fileset_id, "large.bin", chunks())
    return run


def _names() -> list[str]:
    return [f"file-{number:03}.bin" for number in range(CALLS)]


async def _calls(tree: Tree, run: Run) -> dict[str, list[bytes]]:
    """CALLS calls of each kind, with their record marks."""

    async def handle(*path: str) -> types.nfs_fh3:
        node = await tree.node(ROOT)
        for name in ("runs", run.name, "files", *path):
            node = await tree.lookup(node, name)
        return types.nfs_fh3(tree.handle(node))

    files, names = await handle(), _names()
    handles, large = [await handle(name) for name in names], await handle("large.bin")
    offsets = range(0, CALLS * READ_BYTES, READ_BYTES)
    return {
        "GETATTR": [_call(1, types.GETATTR3args(each)) for each in handles],
        "LOOKUP": [_call(3, types.LOOKUP3args(types.diropargs3(files, name.encode()))) for name in names],
        "ACCESS": [_call(4, types.ACCESS3args(each, types.ACCESS3_READ)) for each in handles],
        "READ 4 KiB, kept": [_call(6, types.READ3args(each, 0, READ_BYTES)) for each in handles],
        "READ 4 KiB, mapped": [_call(6, types.READ3args(large, offset, READ_BYTES)) for offset in offsets],
    }


def _call(procedure: int, arguments: Any) -> bytes:
    header = call_body(2, types.PROGRAM, types.VERSION, procedure, auth_sys(1000, 1000), opaque_auth(0, b""))
    record = xdr.pack(rpc_msg, rpc_msg(procedure, body(msg_type.CALL, header)))
    record += xdr.pack(type(arguments), arguments)
    return (LAST | len(record)).to_bytes(4, "big") + record


async def _stages(server: Server, calls: list[bytes], seconds: float) -> list[float]:
    """Microseconds a call of each of STAGES."""
    dispatch, peer = server.dispatch, Peer("127.0.0.1", 1, "tcp")
    records = [call[4:] for call in calls]
    for record in records:  # what is kept afterwards is there, and the header is known
        reply = dispatch.answer(record, peer)
        if asyncio.iscoroutine(reply):
            await reply
    (route,) = peer.routes.values()
    together = [records[at : at + DEPTH] for at in range(0, CALLS, DEPTH)]
    buffers = [b"".join(calls[at : at + DEPTH]) for at in range(0, CALLS, DEPTH)]
    feed = Records(server.limits.record_bytes).feed
    with socket.socket() as unconnected:
        connection = Connection(server)
        connection.connection_made(Nowhere(unconnected))
        cut, answer, dispatched, whole, alone = _best(
            seconds,
            (feed, buffers),
            (route.fast, records),
            (lambda each: dispatch.answer_fast(iter(each), peer, [], 1 << 30), together),
            (connection.data_received, buffers),
            (connection.data_received, calls),
        )
    return [cut, answer, dispatched - answer, whole - dispatched - cut, whole, alone]


def _best(seconds: float, *works: tuple[Callable[[Any], object], list[Any]]) -> list[float]:
    """Microseconds a call of each function's quickest pass over its arguments, which are CALLS calls in all.

    They take turns, so that a quiet moment of the machine is one for each of them.
    """
    best, end = [float("inf")] * len(works), time.perf_counter() + seconds
    while time.perf_counter() < end:
        for place, (function, arguments) in enumerate(works):
            began = time.perf_counter()
            for each in arguments:
                function(each)
            best[place] = min(best[place], time.perf_counter() - began)
    return [spent / CALLS * 1e6 for spent in best]
