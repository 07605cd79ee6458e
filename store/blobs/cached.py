"""A blob store in front of a slower one: blocks that were read are kept in memory and on disk.

Blobs never change, so what is kept is never stale. Only the blocks that are asked for are fetched, never a
whole object; all who wait for a block share one fetch; whoever reads on and on finds the next blocks on their
way. While the other store is down, what is here can still be read. Nobody waits longer than PATIENCE_S for a
block: the fetch goes on, and whoever asks again finds it on its way, or done.
"""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from store.blobs.blobs import Blobs, BlobWriter, Expected, Found, Piece, PieceWriter, Signed, Stored, Whole
from store.blobs.blocks import Blocks, Name
from store.errors import Damaged, StoreError, Unavailable

BLOCK_BYTES = 1024 * 1024
LIMIT_BYTES = 10 * 1024 * 1024 * 1024  # on disk
MEMORY_BLOCKS = 24  # verified, in memory
PATIENCE_S = 8.0  # NFS clients take a call for lost after ten seconds or more
AT_ONCE = 8  # blocks of one read that are fetched together
AHEAD_BLOCKS = 4  # fetched beyond what a sequential reader asked for
AHEAD_MAX = 16  # such fetches at once, for all readers
RETRY_AFTER_S = 1.0
READERS_MAX = 1024  # whose position is remembered
THREADS = 4


class CachedBlobs:
    """Another store's blobs, with blocks of them in a folder.

    Blocking to construct. Errors: as the other store's.
    """

    def __init__(self, inner: Blobs, folder: Path, limit_bytes: int = LIMIT_BYTES) -> None:
        self._inner = inner
        self._blocks = Blocks(folder, limit_bytes)
        self._memory: OrderedDict[Name, bytes] = OrderedDict()
        self._fetching: dict[Name, asyncio.Task[bytes]] = {}
        self._next: OrderedDict[str, int] = OrderedDict()  # key -> where the last read of it ended
        self._ahead = 0
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="blob-cache")

    async def claim(self, owner: str) -> str:
        return await self._inner.claim(owner)

    async def check(self) -> None:
        await self._inner.check()

    async def read(self, key: str, offset: int, count: int, size: int | None = None) -> bytes:
        if size is not None:
            count = min(count, size - offset)
        end = offset + max(count, 1)  # an empty range still tells whether the blob is there
        first, stop = offset // BLOCK_BYTES, -(-end // BLOCK_BYTES)
        blocks: list[bytes] = []
        for number in range(first, stop, AT_ONCE):
            names = [(key, each) for each in range(number, min(number + AT_ONCE, stop))]
            blocks += await asyncio.gather(*(self._block(name, size) for name in names))
            if len(blocks[-1]) < BLOCK_BYTES:  # the blob ends here
                break
        whole = blocks[0] if len(blocks) == 1 else b"".join(blocks)
        begin = offset - first * BLOCK_BYTES
        data = whole[begin : begin + max(count, 0)]
        self._read_on(key, offset, offset + len(data), len(blocks[-1]) == BLOCK_BYTES, size)
        return data

    async def _block(self, name: Name, size: int | None) -> bytes:
        block = self._memory.get(name)
        if block is not None:
            self._memory.move_to_end(name)
            return block
        fetch = self._begin(name, size)
        # Not cancelled with its reader: others may want it when this one has gone.
        await asyncio.wait((fetch,), timeout=PATIENCE_S)
        if not fetch.done():
            raise Unavailable("the bytes are still on their way; try again", RETRY_AFTER_S)
        return fetch.result()

    def _begin(self, name: Name, size: int | None) -> asyncio.Task[bytes]:
        """The fetch of a block, which may be under way already."""
        task = self._fetching.get(name)
        if task is None:
            task = self._fetching[name] = asyncio.create_task(self._fetch(name, size), name="blob cache")
            task.add_done_callback(lambda done: self._fetched(name, done))
        return task

    async def _fetch(self, name: Name, size: int | None) -> bytes:
        loop = asyncio.get_running_loop()
        block = await loop.run_in_executor(self._threads, self._blocks.get, name)
        if block is None:
            key, number = name
            block = await self._inner.read(key, number * BLOCK_BYTES, BLOCK_BYTES, size)
            if size is not None and len(block) != max(min(BLOCK_BYTES, size - number * BLOCK_BYTES), 0):
                raise Damaged(f"the blob {key} is shorter than the catalog says; run `runfs fsck`")
            if block:
                await loop.run_in_executor(self._threads, self._blocks.put, name, block)
        return block

    def _fetched(self, name: Name, task: asyncio.Task[bytes]) -> None:
        del self._fetching[name]
        if task.cancelled() or task.exception() is not None:
            return
        self._memory[name] = task.result()
        if len(self._memory) > MEMORY_BLOCKS:
            self._memory.popitem(last=False)

    def _read_on(self, key: str, start: int, end: int, more: bool, size: int | None) -> None:
        """Fetch what a reader that went on from where it ended will want next."""
        sequential = self._next.pop(key, 0) == start
        self._next[key] = end
        if len(self._next) > READERS_MAX:
            self._next.popitem(last=False)
        if not (sequential and more):
            return
        last = (end - 1) // BLOCK_BYTES
        stop = last + 1 + AHEAD_BLOCKS
        if size is not None:
            stop = min(stop, -(-size // BLOCK_BYTES))
        for number in range(last + 1, stop):
            name = (key, number)
            if self._ahead < AHEAD_MAX and name not in self._memory and name not in self._fetching:
                self._ahead += 1
                self._begin(name, size).add_done_callback(self._came_ahead)

    def _came_ahead(self, task: asyncio.Task[bytes]) -> None:
        self._ahead -= 1  # if it failed, whoever needs the block will be told

    async def delete(self, key: str) -> None:
        for name in [name for name in self._memory if name[0] == key]:
            del self._memory[name]
        await asyncio.get_running_loop().run_in_executor(self._threads, self._blocks.drop_all, key)
        await self._inner.delete(key)

    async def close(self) -> None:
        for task in list(self._fetching.values()):
            task.cancel()
        await asyncio.to_thread(self._threads.shutdown)
        await self._inner.close()

    def view(self, key: str) -> memoryview | None:
        return self._inner.view(key)

    def path(self, key: str) -> Path | None:
        return self._inner.path(key)

    async def writer(self, key: str, *, size: int | None = None, md5: bool = True) -> BlobWriter:
        return await self._inner.writer(key, size=size, md5=md5)

    async def put_all(self, blobs: Sequence[Whole]) -> list[Stored | StoreError]:
        return await self._inner.put_all(blobs)

    async def size(self, key: str) -> int | None:
        return await self._inner.size(key)

    def keys(self) -> AsyncIterator[Found]:
        return self._inner.keys()

    async def begin_pieces(self, key: str) -> str:
        return await self._inner.begin_pieces(key)

    async def piece_writer(self, key: str, multipart_id: str, number: int, offset: int) -> PieceWriter:
        return await self._inner.piece_writer(key, multipart_id, number, offset)

    async def pieces(self, key: str, multipart_id: str) -> list[Piece] | None:
        return await self._inner.pieces(key, multipart_id)

    async def join(self, key: str, multipart_id: str, pieces: Sequence[Piece], *, md5: bool = True) -> Stored:
        return await self._inner.join(key, multipart_id, pieces, md5=md5)

    async def measure(self, key: str, expected: Expected) -> Stored | None:
        return await self._inner.measure(key, expected)

    def sign_put(self, key: str, expected: Expected, expires_s: int) -> Signed | None:
        return self._inner.sign_put(key, expected, expires_s)

    def sign_piece(
        self, key: str, multipart_id: str, number: int, size: int, expires_s: int
    ) -> Signed | None:
        return self._inner.sign_piece(key, multipart_id, number, size, expires_s)

    def sign_get(self, key: str, headers: Mapping[str, str], expires_s: int) -> Signed | None:
        return self._inner.sign_get(key, headers, expires_s)

    async def drop_pieces(self, key: str, multipart_id: str) -> None:
        await self._inner.drop_pieces(key, multipart_id)

    async def clear_unfinished(self, before_ns: int, keep: Collection[str] = ()) -> int:
        return await self._inner.clear_unfinished(before_ns, keep)
