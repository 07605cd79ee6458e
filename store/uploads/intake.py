"""Bytes on their way from a client to a row: stored durably first, and dropped when no row takes them.

Between the two they are `in_flight`, which the collector respects. When it is unknown whether the row was
written (the transaction was cancelled, or the disk failed under it), nothing is dropped: the collector looks
later.
"""

import asyncio
import logging
from collections.abc import AsyncIterable, AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Protocol, TypeVar

from store.blobs import ANYTHING, Blobs, Expected, Stored, Whole, new_key
from store.errors import Absent, Conflict, Mismatch, Refused, StoreError

MD5_MAX_BYTES = 64 * 1024 * 1024  # larger ones get an MD5 only when one was announced: it halves the speed

log = logging.getLogger(__name__)

Chunks = AsyncIterable[bytes | memoryview]
T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Writer(Protocol[T_co]):
    """What BlobWriter and PieceWriter have in common."""

    async def write(self, chunk: bytes | memoryview) -> None:
        """Take more bytes."""

    async def commit(self, expected: Expected = ANYTHING) -> T_co:
        """Make it durable."""

    async def abort(self) -> None:
        """Give up."""


@dataclass(slots=True)
class Held:
    """Durable bytes that wait for a row; set `kept` once one has them."""

    stored: Stored
    kept: bool = False


class Intake:
    """Receives streams into a blob store."""

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs
        self.in_flight: set[str] = set()

    @asynccontextmanager
    async def hold(self, chunks: Chunks, expected: Expected, md5: bool = True) -> AsyncIterator[Held]:
        """Store what comes, if it is what was expected; unless the block keeps it, it is dropped at its end.

        Errors: Mismatch, NoSpace, Unavailable.
        """
        key = new_key()
        with self.flying(key):
            small = expected.size is None or expected.size <= MD5_MAX_BYTES
            wanted = expected.md5 is not None or (md5 and small)
            writer = await self._blobs.writer(key, size=expected.size, md5=wanted)
            held = Held(await pour(chunks, writer, expected))
            try:
                yield held
            except (Absent, Conflict, Mismatch, Refused):  # no row has it, for certain
                await self.drop(key)
                raise
            if not held.kept:
                await self.drop(key)

    @asynccontextmanager
    async def hold_all(
        self, given: Sequence[tuple[bytes | memoryview, Expected]]
    ) -> AsyncIterator[list[Held | StoreError]]:
        """The same for many small ones that are in memory, each with its own outcome."""
        keys = [new_key() for _ in given]
        self.in_flight.update(keys)
        try:
            whole = [Whole(key, *each) for key, each in zip(keys, given, strict=True)]
            stored = await self._blobs.put_all(whole)
            held = [Held(each) if isinstance(each, Stored) else each for each in stored]
            try:
                yield held
            except (Absent, Conflict, Mismatch, Refused):
                await self._drop_unkept(held)
                raise
            await self._drop_unkept(held)
        finally:
            self.in_flight.difference_update(keys)

    async def _drop_unkept(self, held: Sequence[Held | StoreError]) -> None:
        for each in held:
            if isinstance(each, Held) and not each.kept:
                await self.drop(each.stored.key)

    @contextmanager
    def flying(self, key: str) -> Iterator[None]:
        """Inside the block the blob `key` is in flight."""
        self.in_flight.add(key)
        try:
            yield
        finally:
            self.in_flight.discard(key)

    async def drop(self, key: str) -> None:
        """Delete a blob that no row has. A store that fails now must not hide what came of the upload."""
        try:
            await self._blobs.delete(key)
        except StoreError as error:
            log.warning("an orphan is left for the collector: %s", error)


async def pour(chunks: Chunks, writer: Writer[T], expected: Expected) -> T:
    """Write all chunks, not one more than was announced, and commit; on any error the writer is aborted.

    Errors: Mismatch, NoSpace, Unavailable.
    """
    size = 0
    try:
        async for chunk in chunks:
            size += len(chunk)
            if expected.size is not None and size > expected.size:
                raise Mismatch(f"more than the {expected.size} bytes came that were announced")
            await writer.write(chunk)
        return await writer.commit(expected)
    except BaseException:
        await asyncio.shield(writer.abort())
        raise
