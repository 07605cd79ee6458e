"""Equal content is stored once: which blob a segment holds for bytes that were just stored.

That its row is there does not mean that its bytes are: somebody may have deleted or cut the file. A save that
is answered must be on disk, so the new bytes then take the lost ones' place, for everyone who shares them.
"""

from store.blobs import Blobs, Stored
from store.catalog import Transaction
from store.catalog import blobs as blob_rows
from store.catalog.rows import Blob


async def choose(tx: Transaction, blobs: Blobs, stored: Stored) -> tuple[int, bytes | None, bool]:
    """The id and MD5 of the blob to hold, and whether its bytes are those just stored."""
    there = await blob_rows.use(tx, stored.sha256, stored.size)
    if there is None:
        return await blob_rows.create(tx, *stored), stored.md5, True
    if there.key == stored.key or not is_lost(blobs, there):
        return there.id, there.md5, False
    await blob_rows.replace(tx, there.id, stored.key)
    return there.id, there.md5, True


def is_lost(blobs: Blobs, blob: Blob) -> bool:
    """Whether a blob on this machine's disk is missing or has another size; a remote store is not asked."""
    path = blobs.path(blob.key)
    if path is None:
        return False
    try:
        return path.stat().st_size != blob.size
    except FileNotFoundError:
        return True
