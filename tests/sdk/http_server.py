"""The HTTP side over a folder, as a process of its own that a test may kill: `http_server.py DATA PORT`.

Prints its port when it answers.
"""

from __future__ import annotations

import asyncio
import socket
import sys
from pathlib import Path

from httpapi import app
from httpapi.serving import serving
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
    bound = socket.create_server(("127.0.0.1", port))
    async with serving(app.build(catalog, blobs, Uploads(catalog, blobs)), bound):
        print(bound.getsockname()[1], flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    Path(sys.argv[1]).mkdir(parents=True, exist_ok=True)
    asyncio.run(serve(Path(sys.argv[1]), int(sys.argv[2])))
