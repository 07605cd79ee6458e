"""Equal content is stored once: what need not be sent, and which blob a segment holds for what was.

That its row is there does not mean that its bytes are: somebody may have deleted or cut the file. A save that
is answered must be on disk, so the new bytes then take the lost ones' place, for everyone who shares them.
"""

import secrets

from store.blobs import Blobs, Stored
from store.catalog import Transaction
from store.catalog import blobs as blob_rows
from store.catalog import uploads as upload_rows
from store.catalog.rows import Blob, Upload
from store.errors import Mismatch
from store.uploads import state


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


async def settled(tx: Transaction, blobs: Blobs, upload: Upload, reads: int | None) -> Upload:
    """The upload, "stored" if its content is here and visible in the project `reads` (None: in any one)."""
    if upload.size is None or upload.sha256 is None:
        return upload
    blob = await blob_rows.readable(tx, upload.sha256, upload.size, reads)
    if blob is None or is_lost(blobs, blob):
        return upload
    return state.as_stored(upload, Stored(blob.key, blob.size, blob.sha256, blob.md5))


async def tell(tx: Transaction, blobs: Blobs, upload_id: str, sha256: bytes, reads: int | None) -> Upload:
    """Note the hash of what is on its way; the upload to go on with, a new one when its content is here.

    The old one is then over: its parts are the collector's. Errors: Absent, Conflict, Mismatch when another
    hash was announced, or other bytes came.
    """
    upload = state.under_way(await upload_rows.by_id(tx, upload_id))
    if sha256 != (upload.stored_sha256 or upload.sha256 or sha256):
        raise Mismatch(f"the sha256 is not that of {upload.path}: ask for a new upload")
    if upload.state == "stored":
        return upload
    await upload_rows.update(tx, upload_id, sha256=sha256)
    told = upload._replace(sha256=sha256)
    new = told._replace(id=secrets.token_hex(16), part_size=None, multipart_id=None)
    new = new._replace(created_ns=tx.now_ns, expires_ns=state.expiry(tx))
    new = await settled(tx, blobs, new, reads)
    if new.state == "open":
        return told
    await upload_rows.update(tx, upload_id, state="aborted")
    await upload_rows.create(tx, new)
    return new
