"""Segments made into fewer: a file that grew by many small tails becomes one blob when it rests.

A tail a second makes 86,400 segments a day, so they are merged while the file grows too: whenever there are
many, the last ones that are small against what follows them. Each byte is copied a few times in all, as in a
log-structured tree. The old blobs stay for a while: whoever looked the segments up before is still reading
them.
"""

import logging
from collections.abc import Sequence

from store.blobs import Blobs, Expected
from store.catalog import Catalog, Transaction, versions
from store.catalog import blobs as blob_rows
from store.catalog.versions import Extent
from store.errors import StoreError
from store.uploads import sharing
from store.uploads.content import copy
from store.uploads.intake import Intake

SEGMENTS_MAX = 32  # more than these are merged when one is added
TAIL_MAX_BYTES = 64 * 1024 * 1024  # more than this is not copied while a client waits

log = logging.getLogger(__name__)


async def merge_tail(catalog: Catalog, blobs: Blobs, intake: Intake, version_id: int) -> None:
    """Merge a growing version's last segments when it has many; a later call does what this one could not."""
    extents = await versions.extents(catalog.read, version_id)
    if len(extents) > SEGMENTS_MAX:
        tail = extents[tail_start([extent.size for extent in extents]) :]
        try:
            await _merge(catalog, blobs, intake, version_id, tail)
        except StoreError:  # the tail that was appended is durable: that must be what its client hears
            log.exception("version %s could not be merged; tried again when it grows or rests", version_id)


async def merge_all(catalog: Catalog, blobs: Blobs, intake: Intake, version_id: int) -> bool:
    """Make one blob of a version that rests, so that its hashes are known again; whether it still rested."""
    extents = await versions.extents(catalog.read, version_id)
    return bool(extents) and await _merge(catalog, blobs, intake, version_id, extents)


def tail_start(sizes: Sequence[int]) -> int:
    """From which segment on to merge: backwards from the end, half of them and then those not larger than the
    rest.
    """
    start, total = len(sizes), 0
    while start > 0 and total + sizes[start - 1] <= TAIL_MAX_BYTES:
        if start <= len(sizes) // 2 and sizes[start - 1] > total:
            break
        start -= 1
        total += sizes[start]
    return start


async def _merge(
    catalog: Catalog, blobs: Blobs, intake: Intake, version_id: int, extents: Sequence[Extent]
) -> bool:
    if not extents:
        return False
    async with intake.hold(copy(blobs, extents), Expected(sum(extent.size for extent in extents))) as held:
        stored = held.stored

        async def work(tx: Transaction) -> tuple[bool, bool]:
            blob_id, _, used = await sharing.choose(tx, blobs, stored)
            merged = await versions.merge(tx, version_id, extents, blob_id, stored.sha256, stored.md5)
            await blob_rows.release(tx, [blob_id])  # keeps it if a segment has it now
            return merged, used

        merged, held.kept = await catalog.write(work)
    return merged
