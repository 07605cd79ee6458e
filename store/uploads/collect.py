"""What time brings: silent runs crash, uploads expire, retired versions and unused bytes go, files at rest
are merged.

Row before blob at death: a blob is deleted after the transaction that forgot it. Whoever dies in between
leaves an orphan, a blob that no row knows; so does whoever dies between storing bytes and the row for them.
Orphans are looked for less often. One is only taken when it is not in flight in this process, and old:
another process may be about to write its row. Who knows that there is no other, `alone`, need not wait.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from typing import NamedTuple, TypeVar

from store.blobs import Blobs, Found
from store.catalog import Catalog, filesets, remains, runs, versions
from store.catalog import blobs as blob_rows
from store.catalog import uploads as upload_rows
from store.catalog.rows import Upload
from store.errors import StoreError
from store.uploads.clock import SteadyClock
from store.uploads.intake import Intake
from store.uploads.merge import merge_all
from store.uploads.state import LIFETIME_S

ORPHAN_AGE_S = 3600.0  # younger ones may be about to get a row
COARSE_S = 0.02  # file systems note the time of the last tick
ORPHANS_EVERY_S = 6 * 3600.0  # listing all blobs takes seconds for a million
REST_S = 60.0  # a file that has not grown for so long is merged
FOR_EVER_NS = 2**63 - 1
READERS_S = 60.0  # how long a merged segment's old blobs stay for who is reading them
BATCH = 200  # rows in one transaction: others wait for as long as it takes
REMAINS_BATCH = 500  # rows of what was deleted in one: these take little each

T = TypeVar("T")

log = logging.getLogger(__name__)


class Collected(NamedTuple):
    """How many of each were dealt with."""

    crashed: int = 0
    uploads: int = 0
    versions: int = 0
    merged: int = 0
    blobs: int = 0
    bytes: int = 0
    orphans: int = 0
    unfinished: int = 0


class Collector:
    """Collects, again and again. It keeps nothing but the time."""

    def __init__(
        self, catalog: Catalog, blobs: Blobs, intake: Intake, *, grace_s: float, lease_s: float
    ) -> None:
        self._catalog = catalog
        self._blobs = blobs
        self._intake = intake
        self._grace_s = grace_s
        self._lease_s = lease_s
        self._orphans_s: float | None = None
        self._turn = asyncio.Lock()
        self._clock = SteadyClock(max(grace_s, lease_s, LIFETIME_S))

    async def collect(self, now: bool = False, alone: bool = False) -> Collected:
        """One round. With `now` nothing is given grace, and orphans are looked for too.

        `alone` says that no other process takes files for this store. Errors: Unavailable.
        """
        async with self._turn:
            return await self._collect(now, alone)

    async def _collect(self, now: bool, alone: bool) -> Collected:
        self._clock.look()
        now_ns = time.time_ns if now else self._clock.now_ns

        def ago_ns(seconds: float) -> int:
            return now_ns() - int(seconds * 1e9)

        grace_s = 0.0 if now else self._grace_s
        crashed = await self._catalog.write(lambda tx: runs.crash_silent(tx, ago_ns(self._lease_s)))
        while await self._catalog.write(lambda tx: remains.take(tx, REMAINS_BATCH)) >= REMAINS_BATCH:
            pass
        uploads = await self._end_uploads(ago_ns(0.0))
        merged = await self._merge(ago_ns(0.0 if now else REST_S))
        gone = await self._all(
            lambda: self._catalog.write(lambda tx: versions.collect(tx, ago_ns(grace_s), BATCH))
        )
        count, size = await self._drop_unused(ago_ns(min(grace_s, READERS_S)))
        orphans = unfinished = 0
        if now or self._orphans_s is None or time.monotonic() - self._orphans_s > ORPHANS_EVERY_S:
            self._orphans_s = time.monotonic()
            at_once = now and alone
            orphans = await self._drop_orphans(FOR_EVER_NS if at_once else ago_ns(ORPHAN_AGE_S))
            in_parts = await upload_rows.keys_in_parts(self._catalog.read)
            # Nothing is awaited between the look at what comes and the clock: what begins later is younger.
            in_flight = self._intake.in_flight
            age_s = COARSE_S if at_once and not in_flight else ORPHAN_AGE_S
            unfinished = await self._blobs.clear_unfinished(ago_ns(age_s), in_parts | in_flight)
            await self._forget_filesets()
            await self._catalog.write(remains.forget)
        return Collected(len(crashed), uploads, gone, merged, count, size, orphans, unfinished)

    async def _all(self, batch: Callable[[], Awaitable[list[T]]]) -> int:
        """Repeat until a batch is not full; how many in all."""
        total = 0
        while True:
            done = len(await batch())
            total += done
            if done < BATCH:
                return total

    async def _forget_filesets(self) -> None:
        after = 0
        while found := await filesets.abandoned(self._catalog.read, after, BATCH):
            await self._catalog.write(partial(filesets.forget, fileset_ids=found))
            after = found[-1]

    async def _end_uploads(self, before_ns: int) -> int:
        await self._catalog.write(lambda tx: upload_rows.expire(tx, before_ns, BATCH))
        return await self._all(lambda: self._end_some(before_ns))

    async def _end_some(self, before_ns: int) -> list[Upload]:
        ended = await upload_rows.ended(self._catalog.read, before_ns, BATCH)
        for upload in ended:
            if upload.multipart_id is not None:
                await self._blobs.drop_pieces(upload.blob_key, upload.multipart_id)
            key = upload.blob_key
            if upload.state == "aborted" and not await blob_rows.known(self._catalog.read, [key]):
                await self._blobs.delete(key)
        if ended:
            await self._catalog.write(lambda tx: upload_rows.forget(tx, [upload.id for upload in ended]))
        return ended

    async def _merge(self, before_ns: int) -> int:
        merged = 0
        for version in await versions.at_rest(self._catalog.read, before_ns, BATCH):
            try:
                merged += await merge_all(self._catalog, self._blobs, self._intake, version.id)
            except StoreError:
                log.exception("version %s could not be merged; the others go on", version.id)
        return merged

    async def _drop_unused(self, before_ns: int) -> tuple[int, int]:
        count = size = 0
        while True:
            unused = await self._catalog.write(lambda tx: blob_rows.forget_unused(tx, before_ns, BATCH))
            for blob in unused:
                await self._blobs.delete(blob.key)
                size += blob.size
            count += len(unused)
            if len(unused) < BATCH:
                return count, size

    async def _drop_orphans(self, before_ns: int) -> int:
        dropped = 0
        async for batch in _batches(self._blobs.keys()):
            in_flight = set(self._intake.in_flight)
            old = [found.key for found in batch if found.mtime_ns < before_ns and found.key not in in_flight]
            if not old:
                continue
            old = list(set(old) - await blob_rows.known(self._catalog.read, old))
            # What was in flight until just now has its row after the writes that are queued already.
            for key in set(old) - await self._catalog.write(partial(blob_rows.known, keys=old)):
                await self._blobs.delete(key)
                dropped += 1
        return dropped


async def _batches(found: AsyncIterator[Found]) -> AsyncIterator[list[Found]]:
    batch: list[Found] = []
    async for one in found:
        batch.append(one)
        if len(batch) >= BATCH:
            yield batch
            batch = []
    if batch:
        yield batch
