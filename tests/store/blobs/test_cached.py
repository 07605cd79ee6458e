"""The cache over a store that counts what it is asked for; the interface's suite runs over it as well."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from store.blobs import LocalBlobs, new_key
from store.blobs.cached import AHEAD_BLOCKS, BLOCK_BYTES, CachedBlobs
from store.errors import Absent, Damaged, Unavailable


class Slow(LocalBlobs):
    """A store that notes each read, and answers when it is let; it may be down."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.reads: list[tuple[int, int]] = []
        self.go = asyncio.Event()
        self.go.set()
        self.down = False

    def view(self, key: str) -> memoryview | None:
        return None

    async def read(self, key: str, offset: int, count: int, size: int | None = None) -> bytes:
        self.reads.append((offset // BLOCK_BYTES, count))
        await self.go.wait()
        if self.down:
            raise Unavailable("down")
        return await super().read(key, offset, count, size)

    def blocks(self) -> list[int]:
        return sorted(number for number, _ in self.reads)


@pytest.fixture
async def slow(tmp_path: Path) -> Slow:
    """The store behind the cache."""
    return Slow(tmp_path / "slow")


@pytest.fixture
async def cached(slow: Slow, tmp_path: Path) -> AsyncIterator[CachedBlobs]:
    """The cache, empty."""
    opened = CachedBlobs(slow, tmp_path / "cache")
    yield opened
    slow.go.set()
    await opened.close()


async def put(blobs: Any, blocks: float) -> tuple[str, bytes]:
    content = b"".join(bytes([65 + number]) * BLOCK_BYTES for number in range(int(blocks) + 1))
    content = content[: int(blocks * BLOCK_BYTES)]
    writer = await blobs.writer(new_key())
    await writer.write(content)
    return (await writer.commit()).key, content


async def settled(cached: CachedBlobs) -> None:
    while cached._fetching:
        await asyncio.wait(list(cached._fetching.values()))


async def test_only_what_is_asked_for_is_fetched(cached: CachedBlobs, slow: Slow) -> None:
    key, content = await put(cached, 8)
    at = 5 * BLOCK_BYTES + 100
    assert await cached.read(key, at, 10) == content[at : at + 10]
    await settled(cached)
    assert slow.blocks() == [5]
    assert await cached.read(key, at + 10, 10) == content[at + 10 : at + 20]


async def test_ranges_over_blocks_and_past_the_end(cached: CachedBlobs) -> None:
    key, content = await put(cached, 2.5)
    edges = [
        0,
        1,
        BLOCK_BYTES - 1,
        BLOCK_BYTES,
        2 * BLOCK_BYTES + 1,
        len(content) - 1,
        len(content),
        9 * BLOCK_BYTES,
    ]
    for offset in edges:
        for count in (0, 1, 2, BLOCK_BYTES, 20 * BLOCK_BYTES):
            assert await cached.read(key, offset, count) == content[offset : offset + count], (offset, count)


async def test_nothing_is_fetched_twice(cached: CachedBlobs, slow: Slow) -> None:
    key, content = await put(cached, 3)
    for _ in range(3):
        assert await cached.read(key, 0, len(content)) == content
    await settled(cached)
    assert slow.blocks() == [*range(3 + AHEAD_BLOCKS)]  # those beyond the end told that it ends


async def test_many_readers_share_one_fetch(cached: CachedBlobs, slow: Slow) -> None:
    key, content = await put(cached, 1.5)
    slow.go.clear()
    readers = [asyncio.ensure_future(cached.read(key, BLOCK_BYTES, 100)) for _ in range(20)]
    await asyncio.sleep(0)
    readers[0].cancel()  # the others do not depend on who asked first
    slow.go.set()
    got = await asyncio.gather(*readers, return_exceptions=True)
    assert isinstance(got[0], asyncio.CancelledError)
    assert got[1:] == [content[BLOCK_BYTES : BLOCK_BYTES + 100]] * 19
    assert slow.blocks() == [1]


async def test_a_sequential_reader_finds_the_next_blocks(cached: CachedBlobs, slow: Slow) -> None:
    key, content = await put(cached, 20)
    assert await cached.read(key, 0, 64 * 1024) == content[: 64 * 1024]
    await settled(cached)
    assert slow.blocks() == list(range(1 + AHEAD_BLOCKS))
    slow.reads.clear()
    assert await cached.read(key, 15 * BLOCK_BYTES, 10) == content[15 * BLOCK_BYTES :][:10]
    await settled(cached)
    assert slow.blocks() == [15]  # a jump is not followed
    await cached.read(key, 15 * BLOCK_BYTES + 10, 10)
    await settled(cached)
    assert slow.blocks() == [15, 16, 17, 18, 19]


async def test_the_next_process_reads_from_disk(cached: CachedBlobs, slow: Slow, tmp_path: Path) -> None:
    key, content = await put(cached, 1.5)
    await cached.read(key, 0, len(content))
    await settled(cached)
    slow.reads.clear()
    again = CachedBlobs(slow, tmp_path / "cache")
    assert await again.read(key, 0, len(content)) == content
    assert slow.reads == []
    for file in (tmp_path / "cache").iterdir():
        file.write_bytes(b"damaged")
    third = CachedBlobs(slow, tmp_path / "cache")
    assert await third.read(key, 0, len(content)) == content
    assert slow.blocks() == [0, 1]


async def test_what_is_here_is_read_while_the_store_is_down(cached: CachedBlobs, slow: Slow) -> None:
    key, content = await put(cached, 20)
    await cached.read(key, 0, 10)
    await settled(cached)
    slow.down = True
    assert await cached.read(key, 2 * BLOCK_BYTES, 10) == content[2 * BLOCK_BYTES :][:10]
    with pytest.raises(Unavailable):
        await cached.read(key, 19 * BLOCK_BYTES, 10)
    await settled(cached)
    slow.down = False
    assert await cached.read(key, 19 * BLOCK_BYTES, 10) == content[19 * BLOCK_BYTES :][:10]


async def test_a_deleted_blob_is_gone_from_here(cached: CachedBlobs, tmp_path: Path) -> None:
    key, content = await put(cached, 1.5)
    await cached.read(key, 0, len(content))
    await settled(cached)
    await cached.delete(key)
    assert list((tmp_path / "cache").iterdir()) == []
    with pytest.raises(Absent):
        await cached.read(key, 0, 1)


async def test_memory_is_bounded(cached: CachedBlobs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("store.blobs.cached.MEMORY_BLOCKS", 3)
    monkeypatch.setattr("store.blobs.cached.READERS_MAX", 2)
    for _ in range(4):
        key, content = await put(cached, 2)
        assert await cached.read(key, 0, len(content)) == content
        await settled(cached)
    assert len(cached._memory) == 3
    assert len(cached._next) == 2


async def test_nobody_waits_for_ever(
    cached: CachedBlobs, slow: Slow, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The fetch goes on: whoever asks again finds the same one, or what it brought."""
    monkeypatch.setattr("store.blobs.cached.PATIENCE_S", 0.0)
    key, content = await put(cached, 0.5)
    slow.go.clear()
    for _ in range(3):
        with pytest.raises(Unavailable, match="on their way"):
            await cached.read(key, 0, 10)
    slow.go.set()
    await settled(cached)
    assert await cached.read(key, 0, 10) == content[:10]
    assert slow.blocks() == [0]


async def test_nothing_is_fetched_beyond_the_end(cached: CachedBlobs, slow: Slow) -> None:
    key, content = await put(cached, 2)
    size = len(content)
    assert await cached.read(key, 0, 10, size) == content[:10]
    assert await cached.read(key, size - 1, 10, size) == content[-1:]
    assert await cached.read(key, size, 10, size) == b""
    assert await cached.read(key, 5 * size, 10, size) == b""
    await settled(cached)
    assert slow.blocks() == [0, 1, 2, 10]  # an offset at the end and beyond tells whether the blob is there


async def test_a_blob_that_is_too_short_is_not_kept(cached: CachedBlobs, tmp_path: Path) -> None:
    key, content = await put(cached, 0.5)
    with pytest.raises(Damaged, match="runfs fsck"):
        await cached.read(key, 0, 10, len(content) + 1)
    assert list((tmp_path / "cache").iterdir()) == []
    assert await cached.read(key, 0, 10, len(content)) == content[:10]
