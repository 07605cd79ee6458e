"""Our client against our server, over a socket."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from nfsd.client import Client, NfsError
from nfsd.mount3.program import Mount3
from nfsd.nfs3.program import NFS3
from nfsd.rpc import Dispatch, Server
from nfsd.tree.networks import Networks


@pytest.fixture
async def port(world: Any) -> AsyncIterator[int]:
    await world.all_kinds()
    networks = Networks()
    server = Server(Dispatch([NFS3(world.tree, networks), Mount3(world.tree, networks)]))
    yield await server.listen_tcp("127.0.0.1", 0)
    await server.stop()


async def test_walk_list_and_read(world: Any, port: int) -> None:
    async with await Client.mount("127.0.0.1", port) as client:
        found = await client.walk("/runs/r1")
        assert found.is_directory
        entries = [entry async for entry in client.list(found)]
        assert [entry.name for entry in entries] == ["metadata.json", "history.jsonl", "output.log", "files"]
        data = b"".join([part async for part in client.read(entries[0])])
        assert len(data) == entries[0].attributes.size
        assert data == await world.read("runs/r1/metadata.json")
        link = await client.walk("sweeps/s1/runs/r1")
        assert (link.is_link, link.target) == (True, "../../../runs/r1")
        assert (await client.walk("/")).handle == client.root


async def test_a_large_file_and_a_large_directory(world: Any, port: int) -> None:
    run = await world.run("large")
    content = bytes(range(256)) * 10_000
    await world.file(run.fileset_id, "large", content)
    await world.file(run.fileset_id, "empty", b"")
    for number in range(700):
        await world.file(run.fileset_id, f"many/{number}", b"")
    async with await Client.mount("127.0.0.1", port, "/runs/large") as client:
        parts = [part async for part in client.read(await client.walk("files/large"))]
        assert b"".join(parts) == content
        assert max(map(len, parts)) == 1 << 20
        assert [part async for part in client.read(await client.walk("files/empty"))] == []
        names = [entry.name async for entry in client.list(await client.walk("files/many"))]
        assert names == [str(number) for number in range(700)]


async def test_errors(port: int) -> None:
    with pytest.raises(NfsError, match="MNT3ERR_NOENT"):
        await Client.mount("127.0.0.1", port, "/nothing")
    async with await Client.mount("127.0.0.1", port) as client:
        with pytest.raises(NfsError, match="NFS3ERR_NOENT") as caught:
            await client.walk("runs/nothing")
        assert caught.value.status.name == "NFS3ERR_NOENT"
        with pytest.raises(NfsError, match="NFS3ERR_NOTDIR"):
            await client.walk("runs/r1/metadata.json/x")
