"""Calls to the program as a client makes them: packed, through the dispatch, unpacked. No socket."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

import xdr
from nfsd.nfs3 import types as t
from nfsd.nfs3.program import NFS3
from nfsd.rpc import Dispatch, Peer
from nfsd.rpc.client import auth_sys, read_reply
from nfsd.rpc.types import body, call_body, msg_type, opaque_auth, rpc_msg
from nfsd.tree.networks import Networks
from nfsd.tree.node import ROOT

NUMBERS = {
    row.name: number for number, row in NFS3.table.items()
}  # fmt: skip


class Asked:
    """A client of one program, without sockets."""

    def __init__(self, world: Any, client: str = "127.0.0.1", credential: opaque_auth | None = None) -> None:
        self.world = world
        self.program = NFS3(world.tree, Networks(), (501, 502), lambda: (1000, 400))
        self.dispatch = Dispatch([self.program])
        self.peer = Peer(client, 1023, "tcp")
        self.credential = credential or auth_sys(1000, 1000)
        self._xids = itertools.count(1)

    async def bytes(self, name: str, packed: bytes) -> bytes:
        """The result's bytes of a call given as bytes."""
        call = call_body(2, t.PROGRAM, t.VERSION, NUMBERS[name], self.credential, opaque_auth(0, b""))
        record = xdr.pack(rpc_msg, rpc_msg(next(self._xids), body(msg_type.CALL, call))) + packed
        answer = self.dispatch.answer(record, self.peer)
        parts = answer if isinstance(answer, list) else await answer
        reply = b"".join(parts)
        assert int.from_bytes(reply[:4], "big") == len(reply) - 4 | 1 << 31
        return reply[4 + read_reply(reply[4:]) :]

    async def result(self, name: str, *args: Any) -> Any:
        """The whole result, a status and its arm."""
        packed = xdr.pack(type_ := getattr(t, f"{name}3args"), type_(*args))
        return xdr.unpack(getattr(t, f"{name}3res"), await self.bytes(name, packed))

    async def ok(self, name: str, *args: Any) -> Any:
        """The resok."""
        result = await self.result(name, *args)
        assert result.discriminant is t.nfsstat3.NFS3_OK, result
        return result.arm

    async def fails(self, name: str, *args: Any) -> tuple[str, Any]:
        """The name of a failure's status, and its arm."""
        result = await self.result(name, *args)
        assert result.discriminant is not t.nfsstat3.NFS3_OK, result
        return result.discriminant.name.removeprefix("NFS3ERR_"), result.arm

    async def at(self, path: str = "") -> t.nfs_fh3:
        """The handle of a path."""
        node = await self.world.walk(path) if path else await self.world.tree.node(ROOT)
        return t.nfs_fh3(self.world.tree.handle(node))

    async def listed(self, name: str, directory: t.nfs_fh3, *counts: int) -> list[Any]:
        """All entries of a directory, in as many replies as it takes."""
        entries: list[Any] = []
        cookie, eof = 0, False
        while not eof:
            found = await self.ok(name, directory, cookie, bytes(8), *counts)
            assert found.reply.entries or found.reply.eof
            entries += found.reply.entries
            eof = found.reply.eof
            cookie = entries[-1].cookie if entries else 0
        return entries


@pytest.fixture
async def nfs(world: Any) -> Asked:
    """A client of a tree that has every kind of node."""
    await world.all_kinds()
    return Asked(world)


@pytest.fixture(scope="session")
def asked_class() -> type[Asked]:
    """For tests that make their own worlds."""
    return Asked
