"""The states of an upload's row, open -> stored -> registered, and what each step writes."""

from store.blobs import Stored
from store.catalog import Transaction, entries, versions
from store.catalog import uploads as upload_rows
from store.catalog.files import Published
from store.catalog.rows import Upload
from store.errors import Absent, Conflict

LIFETIME_S = 3600.0  # how long an upload lives after its last sign of life; no signed URL lives longer


def under_way(upload: Upload | None) -> Upload:
    """The upload, if it is open or stored. Errors: Absent, Conflict when it is over."""
    if upload is None:
        raise Absent("there is no such upload, or not any more: ask for a new one")
    if upload.state not in ("open", "stored"):
        raise Conflict(f"the upload of {upload.path} is {upload.state}: ask for a new one")
    return upload


def expiry(tx: Transaction) -> int:
    """When an upload that was heard of now is given up, in nanoseconds since 1970."""
    return tx.now_ns + int(LIFETIME_S * 1e9)


def as_stored(upload: Upload, stored: Stored) -> Upload:
    """The upload's row once its bytes are these."""
    return upload._replace(
        state="stored",
        blob_key=stored.key,
        stored_size=stored.size,
        stored_sha256=stored.sha256,
        stored_md5=stored.md5,
    )


async def note_stored(tx: Transaction, upload: Upload, stored: Stored) -> None:
    """Note that an upload's bytes are durable."""
    row = as_stored(upload, stored)._replace(expires_ns=expiry(tx))
    columns = ("state", "blob_key", "stored_size", "stored_sha256", "stored_md5", "expires_ns")
    await upload_rows.update(tx, upload.id, **{column: getattr(row, column) for column in columns})


async def registered(tx: Transaction, upload: Upload) -> Published:
    """What registering an upload made, as it is now. Absent when it was deleted since."""
    version = await versions.by_id(tx, upload.version_id or 0)
    listed = None if version is None else await entries.by_id(tx, version.entry_id)
    if version is None or listed is None:
        raise Absent(f"{upload.path} was registered and deleted since")
    return Published(listed.entry, version, created=False, changed=False)
