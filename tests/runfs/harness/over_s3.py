"""The daemon as `runfs serve` composes it, in the test's own loop, over a bucket."""

from __future__ import annotations

import argparse
import asyncio
import json
from pathlib import Path
from typing import Any

import urllib3

from nfsd.client import Client, NfsError
from nfsd.nfs3.types import nfsstat3
from runfs import settings
from runfs.daemon import running
from runfs.serve import bind

Answer = urllib3.BaseHTTPResponse


class OverS3:
    """A running daemon, spoken to through both of its doors; its run is team/vision r1."""

    def __init__(self, data: Path, blobs: str) -> None:
        self.data = data
        self.blobs = blobs
        self._stop: asyncio.Event | None = None
        self._http = urllib3.PoolManager(retries=False, maxsize=32)

    async def start(self) -> None:
        """Start it; returns when it serves."""
        parser = argparse.ArgumentParser()
        settings.add_arguments(parser)
        flags = ["--data", str(self.data), "--blobs", self.blobs, "--portmap", "off", "--grace", "0"]
        flags += ["--http", "127.0.0.1:0", "--nfs", "127.0.0.1:0"]
        wanted = settings.from_arguments(parser.parse_args(flags), {})
        self.data.mkdir(mode=0o700, exist_ok=True)
        self._stop, started = asyncio.Event(), asyncio.get_running_loop().create_future()
        stop = self._stop

        async def serve() -> None:
            async with running(wanted, bind(wanted)) as told:
                started.set_result(told)
                await stop.wait()

        self._serving = asyncio.ensure_future(serve())
        await asyncio.wait((self._serving, started), return_when=asyncio.FIRST_COMPLETED)
        if not started.done():
            await self._serving  # raises why
        self.url, self.nfs = started.result().http, settings.nfs_address(started.result().nfs)
        self.key = (self.data / "key").read_text().strip()

    async def stop(self) -> None:
        """Let it drain and end."""
        if self._stop is not None:
            self._stop.set()
            await self._serving

    async def ask(self, method: str, path: str, body: bytes | dict[str, Any] | None = None) -> Answer:
        """A request under /api/v1, or elsewhere if the path begins so."""
        headers = {"Authorization": f"Bearer {self.key}"}
        if isinstance(body, dict):
            headers["Content-Type"] = "application/json"
            body = json.dumps(body).encode()
        elif body is not None:
            headers["Content-Type"] = "application/octet-stream"
        where = path if path.startswith(("/readyz", "/metrics")) else f"/api/v1{path}"
        return await asyncio.to_thread(
            self._http.request, method, self.url + where, body=body, headers=headers
        )

    async def save(self, path: str, content: bytes) -> int:
        """Save a file of the run through the daemon; its id."""
        answer = await self.ask("PUT", f"/runs/r1/files?path={path}", content)
        assert answer.status in (200, 201), answer.data
        return int(answer.json()["id"])

    async def mounted(self) -> Client:
        """A client with a connection of its own."""
        return await Client.mount(self.nfs.host, self.nfs.port)


async def nfs_read(client: Client, path: str, run: str = "r1") -> bytes | nfsstat3:
    """All of a file of a run, or the status that it cannot be read for."""
    try:
        found = await client.walk(f"/runs/{run}/files/{path}")
        return b"".join([bytes(part) async for part in client.read(found)])
    except NfsError as error:
        if not isinstance(error.status, nfsstat3):
            raise
        return error.status
