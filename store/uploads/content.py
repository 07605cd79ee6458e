"""What is in a version: reads over its segments, as if it were one file."""

from collections.abc import AsyncIterator, Sequence

from store.blobs import Blobs
from store.blobs.resident import Residency
from store.catalog import Session, versions
from store.catalog.versions import Extent
from store.errors import Absent, Damaged, StoreError

CHUNK_BYTES = 1024 * 1024


class Content:
    """Reads versions. With a session that never suspends and blobs on this machine, `read` never suspends
    either.
    """

    def __init__(self, db: Session, blobs: Blobs) -> None:
        self._db = db
        self._blobs = blobs
        self._residency = Residency()

    async def only_blob(self, version_id: int, size: int) -> str | None:
        """The key of the one blob of `size` bytes that is all of a version; None where there is none such."""
        extents = await versions.extents(self._db, version_id)
        return extents[0].key if len(extents) == 1 and extents[0].size == size else None

    def at_hand(self, key: str, offset: int, count: int) -> memoryview | None:
        """Bytes of a blob that can be had at once: mapped and in memory. None where the disk would be
        waited for."""
        try:
            view = self._blobs.view(key)
        except StoreError:
            return None  # `fetch` will tell
        if view is None or offset + count > len(view):
            return None
        return view[offset : offset + count] if self._residency.resident(key, view, offset, count) else None

    async def fetch(self, key: str, offset: int, count: int, size: int) -> bytes:
        """Bytes of a blob of `size` bytes, off the loop. Errors: Absent, Damaged, Unavailable."""
        data = await self._blobs.read(key, offset, count, size)
        if len(data) < min(count, size - offset):
            raise _cut_short(key)
        return data

    async def read(self, version_id: int, offset: int, count: int) -> bytes | memoryview:
        """At most `count` bytes from `offset` on; fewer only at the end of the version.

        Errors: Damaged where the store has lost them, Unavailable.
        """
        offset = min(offset, _OFFSET_MAX - count)
        try:
            return await self._read(version_id, offset, count)
        except Absent:
            # Segments were merged between the look-up and the read: now there are others, with the same
            # bytes.
            try:
                return await self._read(version_id, offset, count)
            except Absent as error:
                raise Damaged(f"a blob of version {version_id} is lost; run `runfs fsck`") from error

    async def _read(self, version_id: int, offset: int, count: int) -> bytes | memoryview:
        extents = await versions.extents_in(self._db, version_id, offset, count)
        pieces = [await _piece(self._blobs, extent, offset, offset + count) for extent in extents]
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)


async def copy(blobs: Blobs, extents: Sequence[Extent]) -> AsyncIterator[bytes | memoryview]:
    """All bytes of some extents, CHUNK_BYTES or less at a time."""
    for extent in extents:
        for at in range(extent.offset, extent.offset + extent.size, CHUNK_BYTES):
            yield await _piece(blobs, extent, at, at + CHUNK_BYTES)


async def _piece(blobs: Blobs, extent: Extent, start: int, stop: int) -> bytes | memoryview:
    """The bytes of an extent that lie between two offsets of its version."""
    first = max(start - extent.offset, 0)
    last = min(stop - extent.offset, extent.size)
    view = blobs.view(extent.key)
    if view is not None:
        piece: bytes | memoryview = view[first:last]
    else:
        piece = await blobs.read(extent.key, first, last - first, extent.size)
    if len(piece) != last - first:
        raise _cut_short(extent.key)
    return piece


def _cut_short(key: str) -> Damaged:
    return Damaged(f"the blob {key} is shorter than the catalog says; run `runfs fsck`")


_OFFSET_MAX = 2**63 - 1  # what an SQL integer holds; NFS offsets go to 2**64
