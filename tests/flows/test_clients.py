"""NFS clients that nobody here wrote, over a tree of 1,000 runs: libnfs' tools and the package nfs-rs."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from nfsd.mount3.program import Mount3
from nfsd.nfs3.program import NFS3
from nfsd.rpc import Dispatch, Server
from nfsd.tree.networks import Networks
from nfsd.tree.tree import Tree
from store.blobs import LocalBlobs
from store.catalog import Catalog, Transaction, projects, runs, sweeps
from store.uploads import Content, Uploads

RUNS = 1000
LARGE = 3 * 1024 * 1024 + 17

libnfs = pytest.mark.skipif(shutil.which("nfs-ls") is None, reason="libnfs-utils is not installed")


class Served(NamedTuple):
    """A running server."""

    port: int
    large: bytes

    def url(self, path: str) -> str:
        """A path as libnfs' tools take it."""
        return f"nfs://127.0.0.1/{path}?nfsport={self.port}&mountport={self.port}"


async def chunks(data: bytes) -> AsyncIterator[bytes]:
    yield data


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    """1,000 runs of a project, one of them with files, in a sweep."""
    catalog = await Catalog.open(tmp_path / "catalog", poll_s=None)
    blobs = LocalBlobs(tmp_path / "blobs")
    large = os.urandom(LARGE)

    async def fill(tx: Transaction) -> int:
        project = (await projects.ensure(tx, "team", "vision")).id
        sweep = await sweeps.create(tx, project, "s1")
        for number in range(RUNS):
            columns: dict[str, Any] = {} if number else {"sweep_id": sweep.id}
            run = await runs.create(tx, project, f"run{number:04}", **columns)
            if not number:
                first = run
        return first.fileset_id

    fileset_id = await catalog.write(fill)
    uploads = Uploads(catalog, blobs)
    await uploads.put(fileset_id, "hello.txt", chunks(b"hello\n"))
    await uploads.put(fileset_id, "deep/er/large.bin", chunks(large))
    await uploads.put(fileset_id, "empty", chunks(b""))
    tree = Tree(catalog, Content(catalog.direct, blobs))
    networks = Networks()
    server = Server(Dispatch([NFS3(tree, networks), Mount3(tree, networks)]))
    yield Served(await server.listen_tcp("127.0.0.1", 0), large)
    await server.stop()
    await catalog.close()
    await blobs.close()


async def tool(*command: str) -> bytes:
    """What a program prints; its errors fail the test."""
    made = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, errors = await asyncio.wait_for(made.communicate(), 60)
    assert made.returncode == 0, errors.decode()
    return out


@libnfs
async def test_nfs_ls(served: Served) -> None:
    lines = (await tool("nfs-ls", served.url("runs"))).decode().splitlines()
    assert sorted(line.split()[-1] for line in lines) == [f"run{number:04}" for number in range(RUNS)]
    assert all(re.match(r"dr-xr-xr-x\s+3 ", line) for line in lines)
    lines = (await tool("nfs-ls", served.url(""))).decode().splitlines()
    assert sorted(line.split()[-1] for line in lines) == ["artifacts", "projects", "runs", "sweeps"]


@libnfs
async def test_nfs_ls_recursive(served: Served) -> None:
    text = (await tool("nfs-ls", "-R", served.url("runs/run0000"))).decode()
    assert re.search(rf"^-r--r--r--\s+1 .* {LARGE} .*large\.bin$", text, re.MULTILINE)


@libnfs
async def test_nfs_cat(served: Served) -> None:
    assert await tool("nfs-cat", served.url("runs/run0000/files/hello.txt")) == b"hello\n"
    assert await tool("nfs-cat", served.url("runs/run0000/files/empty")) == b""
    assert json.loads(await tool("nfs-cat", served.url("runs/run0999/metadata.json")))["id"] == "run0999"
    assert (
        await tool("nfs-cat", served.url("projects/team/vision/runs/run0000/files/hello.txt")) == b"hello\n"
    )


@libnfs
async def test_nfs_cp(served: Served, tmp_path: Path) -> None:
    await tool("nfs-cp", served.url("runs/run0000/files/deep/er/large.bin"), str(tmp_path / "copy"))
    assert (tmp_path / "copy").read_bytes() == served.large


async def test_nfs_rs(served: Served) -> None:
    nfs_rs = pytest.importorskip("nfs_rs")

    def look() -> None:
        client = nfs_rs.Client.connect(f"nfs://127.0.0.1/?nfsport={served.port}&mountport={served.port}")
        try:
            entries = {entry.name: entry.info for entry in client.scandir("/runs")}
            assert set(entries) == {f"run{number:04}" for number in range(RUNS)}
            assert client.stat("/runs/run0000/files/deep/er/large.bin").size == LARGE
            with client.open("/runs/run0000/files/deep/er/large.bin", "rb") as file:
                assert file.read() == served.large
            assert client.readlink("/sweeps/s1/runs/run0000") == "../../../runs/run0000"
            assert not client.exists("/runs/none")
            with pytest.raises(nfs_rs.NfsError):
                client.mkdir("/runs/new")
        finally:
            client.close()

    await asyncio.to_thread(look)
