"""The HTTP side over a folder, as a process of its own that a test may kill: `http_server.py DATA PORT`.

Prints its port when it answers.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from aiohttp import web

from httpapi import app
from runfs.folder import write_key
from store.blobs import open_blobs
from store.catalog import Catalog, keys
from store.uploads import Uploads


async def serve(data: Path, port: int) -> None:
    """Serve until killed."""
    catalog = await Catalog.open(data / "catalog.sqlite3")
    if not await keys.count(catalog.read):
        _, key = await catalog.write(lambda tx: keys.create(tx, "first", "admin"))
        write_key(data, key)
    blobs = open_blobs(str(data / "blobs"))
    runner = app.runner(app.build(catalog, blobs, Uploads(catalog, blobs)))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    Path(sys.argv[1]).mkdir(parents=True, exist_ok=True)
    asyncio.run(serve(Path(sys.argv[1]), int(sys.argv[2])))
