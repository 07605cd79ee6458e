"""Bytes that arrive in small chunks on the loop, handed to a thread in large batches.

A hop to a thread costs the loop some 50 us and hashing holds it up for as long as it takes: so chunks are
gathered to a MiB, and while one batch is hashed and written the next is gathered. At most two batches are in
memory.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Any, TypeVar

BATCH_BYTES = 1024 * 1024

Chunk = bytes | memoryview
T = TypeVar("T")


class Batches:
    """Hands what it is given to `take(chunks)` in a thread of the executor, one batch at a time, in order."""

    def __init__(self, executor: Executor, take: Callable[[list[Chunk]], None]) -> None:
        self._executor = executor
        self._take = take
        self._chunks: list[Chunk] = []
        self._size = 0
        self._taking: asyncio.Future[Any] | None = None

    async def write(self, chunk: Chunk) -> None:
        """Take a chunk; waits while two batches are in memory.

        Raises what `take` raised for an earlier one.
        """
        if not len(chunk):
            return
        self._chunks.append(chunk)
        self._size += len(chunk)
        if self._size >= BATCH_BYTES:
            await self._settle()
            chunks, self._chunks, self._size = self._chunks, [], 0
            self._taking = asyncio.get_running_loop().run_in_executor(self._executor, self._take, chunks)

    async def finish(self, last: Callable[[list[Chunk]], T]) -> T:
        """Give the chunks that are left to `last(chunks)`, in a thread too, and give its result."""
        await self._settle()
        chunks, self._chunks, self._size = self._chunks, [], 0
        finishing = asyncio.get_running_loop().run_in_executor(self._executor, last, chunks)
        self._taking = finishing
        await self._settle()
        return finishing.result()

    async def abort(self, undo: Callable[[], None]) -> None:
        """Forget the chunks that are left; once the batch under way is through, run `undo` in a thread."""
        self._chunks, self._size = [], 0
        if self._taking is not None:
            await asyncio.wait([self._taking])
            self._taking.exception()  # whoever aborts knows already, or does not care
            self._taking = None
        await asyncio.get_running_loop().run_in_executor(self._executor, undo)

    async def _settle(self) -> None:
        if self._taking is not None:
            # Who is cancelled here stops no thread: `abort` has to wait for it.
            await asyncio.shield(self._taking)
            self._taking = None
