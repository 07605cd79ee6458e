"""Reads of what lies in S3: how many requests they make, and what the cache on disk is worth."""

from __future__ import annotations

import asyncio
import hashlib
import os
from pathlib import Path

from over_s3 import OverS3, nfs_read
from s3_proxy import S3Proxy

from nfsd.client import Client
from nfsd.nfs3 import types as nfs3

MIB = 1024 * 1024
LARGE = os.urandom(6 * MIB + 4097)
BLOCKS = [f"bytes={at}-{min(at + MIB, len(LARGE)) - 1}" for at in range(0, len(LARGE), MIB)]


def asked(proxy: S3Proxy) -> list[str]:
    """The ranges that were asked for since this was asked last."""
    return sorted(seen.headers.get("range", "whole") for seen in proxy.passed() if seen.asks_for_bytes)


async def read_at(client: Client, handle: bytes, offset: int, count: int) -> bytes:
    found = await client.call(6, nfs3.READ3args(nfs3.nfs_fh3(handle), offset, count), nfs3.READ3res)
    return bytes(found.data)


async def test_a_sequential_reader(over_s3: OverS3, proxy: S3Proxy) -> None:
    """Each byte is fetched once, in ranges, ahead of the reader."""
    await over_s3.save("large", LARGE)
    proxy.passed()
    async with await over_s3.mounted() as client:
        found = await client.walk("/runs/r1/files/large")
        got = [await read_at(client, found.handle, at, 65536) for at in range(0, len(LARGE), 65536)]
    assert b"".join(got) == LARGE
    assert asked(proxy) == sorted(BLOCKS)


async def test_one_range_of_a_large_file(over_s3: OverS3, proxy: S3Proxy) -> None:
    """A reader in the midst of a file fetches what it asks for, and nothing else."""
    await over_s3.save("large", LARGE)
    proxy.passed()
    async with await over_s3.mounted() as client:
        found = await client.walk("/runs/r1/files/large")
        assert await read_at(client, found.handle, 4 * MIB + 5, 100) == LARGE[4 * MIB + 5 :][:100]
    assert asked(proxy) == [BLOCKS[4]]


async def test_many_readers_of_the_same_range(over_s3: OverS3, proxy: S3Proxy) -> None:
    identity = await over_s3.save("large", LARGE)
    proxy.passed()
    clients = [await over_s3.mounted() for _ in range(10)]
    found = await clients[0].walk("/runs/r1/files/large")
    reads = [read_at(client, found.handle, 3 * MIB + 7, 1000) for client in clients for _ in range(5)]
    content = over_s3.ask("GET", f"/runs/files/{identity}/content")
    assert set(await asyncio.gather(*reads)) == {LARGE[3 * MIB + 7 :][:1000]}
    assert asked(proxy) == [BLOCKS[3]]
    assert (await content).data == LARGE
    assert asked(proxy) == sorted({*BLOCKS} - {BLOCKS[3]})
    for client in clients:
        client.close()


async def test_the_cache_on_disk(over_s3: OverS3, proxy: S3Proxy) -> None:
    """What an earlier process fetched is used by the next one, if it is what it was."""
    await over_s3.save("large", LARGE)
    async with await over_s3.mounted() as client:
        assert await nfs_read(client, "large") == LARGE
    await over_s3.stop()
    cache = over_s3.data / "cache"
    files = {int(file.suffix[1:]): file for file in cache.iterdir()}
    assert sorted(files) == list(range(7))
    _flip(files[2], at=500_000)
    _flip(files[3], at=3)  # in its hash
    os.truncate(files[4], 1000)  # as a crash leaves it: written without fsync
    os.truncate(files[5], 0)
    (cache / "half.tmp123").write_bytes(b"half")
    await over_s3.start()
    proxy.passed()
    async with await over_s3.mounted() as client:
        assert await nfs_read(client, "large") == LARGE
    assert asked(proxy) == BLOCKS[2:6]
    assert not (cache / "half.tmp123").exists()


async def test_the_cache_is_bounded(over_s3: OverS3) -> None:
    await over_s3.stop()
    over_s3.blobs += f"&cache_bytes={3 * MIB}"
    await over_s3.start()
    await over_s3.save("large", LARGE)
    async with await over_s3.mounted() as client:
        for _ in range(2):
            assert await nfs_read(client, "large") == LARGE
    await over_s3.stop()
    left = list((over_s3.data / "cache").iterdir())
    assert 0 < sum(file.stat().st_size for file in left) <= 3 * MIB
    assert all(_is_right(file) for file in left)


def _flip(file: Path, at: int) -> None:
    content = bytearray(file.read_bytes())
    content[at] ^= 1
    file.write_bytes(content)


def _is_right(file: Path) -> bool:
    content = file.read_bytes()
    return hashlib.sha256(content[32:]).digest() == content[:32]
