"""A connection that breaks anywhere, and its calls sent once more: each reply is the one that is due."""

from __future__ import annotations

import asyncio
import itertools
import socket
import struct
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nfsd.nfs3.program import NFS3
from nfsd.rpc import Dispatch, Peer, Server
from nfsd.rpc.record import LAST
from nfsd.rpc.server import Connection
from nfsd.tree.networks import Networks
from nfsd.tree.tree import Tree
from store.catalog import Catalog, projects, runs

NULL, GETATTR, LOOKUP, ACCESS, READ, READDIRPLUS, FSINFO, UNKNOWN = 0, 1, 3, 4, 6, 17, 19, 99

call = st.tuples(
    st.sampled_from([NULL, GETATTR, LOOKUP, ACCESS, READ, READDIRPLUS, FSINFO, UNKNOWN]),
    st.lists(st.integers(0, 200), max_size=3),  # where its record is cut into fragments
)


class Client(asyncio.Transport):
    """The other end of a connection."""

    def __init__(self, unconnected: socket.socket) -> None:
        super().__init__({"peername": ("127.0.0.1", 1), "socket": unconnected})
        self.received = b""

    def write(self, data: Any) -> None:
        self.received += data

    def writelines(self, list_of_data: Any) -> None:
        self.received += b"".join(list_of_data)

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Nothing is buffered."""


def arguments(procedure: int, root: bytes, document: bytes) -> bytes:
    handle = struct.pack(">I", len(root)) + root
    return {
        GETATTR: handle,
        LOOKUP: handle + struct.pack(">I4s", 4, b"runs"),
        ACCESS: handle + struct.pack(">I", 0x3F),
        READ: handle[:4] + document + struct.pack(">QI", 3, 50),
        READDIRPLUS: handle + struct.pack(">Q8xII", 0, 4096, 4096),
        FSINFO: handle,
    }.get(procedure, b"")


def fragments(record: bytes, places: list[int]) -> bytes:
    """The record as a client sends it that cuts it there; some of its fragments may be empty."""
    edges = [0, *sorted(min(place, len(record)) for place in places), len(record)]
    pieces = [record[start:end] for start, end in itertools.pairwise(edges)]
    marks = [len(piece) for piece in pieces[:-1]] + [LAST | len(pieces[-1])]
    return b"".join(struct.pack(">I", mark) + piece for mark, piece in zip(marks, pieces, strict=True))


def deliver(server: Server, unconnected: socket.socket, stream: bytes, edges: list[int]) -> bytes:
    """What a client receives that sends a stream in segments and is then gone."""
    client, connection = Client(unconnected), Connection(server)
    connection.connection_made(client)
    places = sorted({0, len(stream), *(edge for edge in edges if edge < len(stream))})
    for start, end in itertools.pairwise(places):
        connection.data_received(stream[start:end])
    connection.connection_lost(ConnectionResetError())
    assert connection._deadline is None or connection._deadline.cancelled()
    assert not server.connections
    return client.received


async def broken(calls: list[Any], cut: int, edges: list[list[int]], folder: Path) -> None:
    catalog = await Catalog.open(folder / "connections.sqlite3", poll_s=None)
    try:
        project = await catalog.write(lambda tx: projects.ensure(tx, "team", "vision"))
        if await runs.by_name(catalog.direct, project.id, "r") is None:
            await catalog.write(lambda tx: runs.create(tx, project.id, "r"))
        tree = Tree(catalog, None)  # type: ignore[arg-type]
        node = root = await tree.node(1)
        for name in ("runs", "r", "metadata.json"):
            node = await tree.lookup(node, name)
        dispatch = Dispatch([NFS3(tree, Networks())])
        sent, due = [], []
        for xid, (procedure, places) in enumerate(calls):
            head = struct.pack(">10I", xid, 0, 2, 100003, 3, procedure, 0, 0, 0, 0)
            record = head + arguments(procedure, tree.handle(root), tree.handle(node))
            sent.append(fragments(record, places))
            reply = dispatch.answer(record, Peer("127.0.0.1", 1, "tcp"))
            assert isinstance(reply, list)
            due.append(b"".join(reply))
        stream = b"".join(sent)
        ended = sum(end <= cut for end in itertools.accumulate(map(len, sent)))
        server = Server(dispatch)
        with socket.socket() as unconnected:
            assert deliver(server, unconnected, stream[:cut], edges[0]) == b"".join(due[:ended])
            assert deliver(server, unconnected, stream, edges[1]) == b"".join(due)
    finally:
        await catalog.close()


segments = st.lists(st.integers(1, 900), max_size=6)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    calls=st.lists(call, min_size=1, max_size=8),
    cut=st.integers(0, 1000),
    edges=st.tuples(segments, segments),
)
def test_calls_sent_again_after_a_break_have_the_same_replies(
    calls: list[Any], cut: int, edges: Any, tmp_path_factory: pytest.TempPathFactory
) -> None:
    asyncio.run(broken(calls, cut, edges, tmp_path_factory.getbasetemp()))
