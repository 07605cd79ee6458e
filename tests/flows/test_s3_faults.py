"""The whole daemon while its S3 hangs, trickles, fails, breaks off and lies."""

from __future__ import annotations

import asyncio
import os
import threading
import tracemalloc
from concurrent.futures import ThreadPoolExecutor

import pytest
from over_s3 import OverS3, nfs_read
from s3_proxy import Fault, S3Proxy, Seen

from nfsd.client import Client
from nfsd.nfs3.types import nfsstat3

MIB = 1024 * 1024
JUKEBOX = nfsstat3.NFS3ERR_JUKEBOX
LARGE = os.urandom(2 * MIB + 17)
SMALL = os.urandom(1000)


@pytest.fixture
async def files(over_s3: OverS3) -> dict[str, int]:
    """Files that nobody has read yet; their ids."""
    return {
        "cached": await over_s3.save("cached", LARGE[::-1]),
        "large": await over_s3.save("large", LARGE),
        "small": await over_s3.save("small", SMALL),
        "again": await over_s3.save("again", SMALL[::-1]),
    }


@pytest.mark.parametrize(
    "fault",
    [Fault.HANG, Fault.TRICKLE, Fault.RESET, Fault.LOST, Fault.HALF, Fault.E500, Fault.E503],
    ids=lambda fault: fault.name,
)
async def test_readers_are_put_off_and_go_on(
    over_s3: OverS3, proxy: S3Proxy, files: dict[str, int], fault: Fault
) -> None:
    client = await over_s3.mounted()
    assert await patiently(client, "cached") == LARGE[::-1]
    proxy.all(fault)
    waiting = [asyncio.ensure_future(nfs_read(client, name)) for name in ("large", "small")]
    # Everything that needs no bytes from S3 goes on, on the same connection.
    assert await nfs_read(client, "cached") == LARGE[::-1]
    folder = await client.walk("/runs/r1/files")
    assert sorted([entry.name async for entry in client.list(folder)]) == sorted(files)
    assert (await client.walk("/runs/r1/files/large")).attributes.size == len(LARGE)
    assert (await over_s3.ask("GET", "/runs/r1/files")).json()["total_bytes"] == 2 * len(LARGE) + 2000
    assert (await over_s3.ask("GET", f"/runs/files/{files['cached']}/content")).data == LARGE[::-1]
    # Whoever needs them is told to come again, soon.
    assert await asyncio.gather(*waiting) == [JUKEBOX, JUKEBOX]
    wanted = [f"/runs/files/{files[name]}/content" for name in ("large", "again")]
    for path in (*wanted, "/runs/r1/files.zip?glob=large"):
        answer = await over_s3.ask("GET", path)
        assert (answer.status, answer.json()["type"]) == (503, "urn:runfs:problem:unavailable")
        assert int(answer.headers["Retry-After"]) >= 1
    proxy.heal()
    assert await put_off(over_s3, "large") == LARGE  # nothing of ours was started again
    assert await nfs_read(client, "small") == SMALL
    client.close()


async def put_off(over_s3: OverS3, path: str) -> bytes | nfsstat3:
    """What a patient client reads, over a connection of its own."""
    async with await over_s3.mounted() as client:
        return await patiently(client, path)


async def patiently(client: Client, path: str) -> bytes | nfsstat3:
    """The same over one that is there: as the kernel's client, it tries again while it is told to."""
    while (got := await nfs_read(client, path)) is JUKEBOX:
        pass
    return got


async def test_readiness_tells_the_truth(over_s3: OverS3, proxy: S3Proxy) -> None:
    assert (await over_s3.ask("GET", "/readyz")).status == 200
    for fault in (Fault.HANG, Fault.E503, Fault.RESET):
        proxy.all(fault)
        answer = await over_s3.ask("GET", "/readyz")
        assert (answer.status, answer.headers["Content-Type"]) == (503, "application/problem+json")
        assert "S3" in answer.json()["detail"]
        proxy.heal()
        while (await over_s3.ask("GET", "/readyz")).status != 200:
            pass


async def test_wrong_bytes_are_noticed(over_s3: OverS3, proxy: S3Proxy, files: dict[str, int]) -> None:
    async with await over_s3.mounted() as client:
        proxy.rule = lambda seen: Fault.FLIP if seen.asks_for_bytes else None
        assert await nfs_read(client, "small") is JUKEBOX
        assert (await over_s3.ask("GET", f"/runs/files/{files['again']}/content")).status == 503
        proxy.heal()
        assert await nfs_read(client, "small") == SMALL
    proxy.all(Fault.FLIP_IN)
    assert (await over_s3.ask("PUT", "/runs/r1/files?path=torn", LARGE)).status == 503
    assert (await over_s3.ask("GET", "/runs/r1/files")).json()["total_count"] == 4


@pytest.mark.parametrize("fault", [Fault.E503_LATER, Fault.LOST], ids=lambda fault: fault.name)
async def test_nothing_half_written_is_visible(over_s3: OverS3, proxy: S3Proxy, fault: Fault) -> None:
    proxy.rule = lambda seen: fault if seen.method in ("PUT", "POST") else None
    bodies = {"one": SMALL, "parts": b"x" * (9 * MIB)}
    for path, body in bodies.items():
        answer = await over_s3.ask("PUT", f"/runs/r1/files?path={path}", body)
        assert answer.status == 503
        if fault is Fault.E503_LATER:
            assert answer.headers["Retry-After"] == "7"  # as S3 said
    assert (await over_s3.ask("GET", "/runs/r1/files")).json()["total_count"] == 0
    async with await over_s3.mounted() as client:
        folder = await client.walk("/runs/r1/files")
        assert [entry.name async for entry in client.list(folder)] == []
        proxy.heal()
        for path, body in bodies.items():
            await over_s3.save(path, body)
            assert await nfs_read(client, path) == body


async def test_few_threads_wait_for_a_server_that_hangs(
    over_s3: OverS3, proxy: S3Proxy, files: dict[str, int]
) -> None:
    before = {thread.name for thread in threading.enumerate()}
    proxy.all(Fault.HANG)
    clients = [await over_s3.mounted() for _ in range(10)]
    reads = [nfs_read(client, name) for client in clients for name in ("large", "small", "again")]
    reading = [asyncio.ensure_future(each) for each in reads]
    asking = [
        asyncio.ensure_future(over_s3.ask("GET", f"/runs/files/{files['large']}/content")) for _ in range(20)
    ]
    await asyncio.to_thread(proxy.wait_hanging, 3)
    s3 = [thread for thread in threading.enumerate() if thread.name.startswith("s3")]
    assert len(s3) <= 8, before  # three objects, and read-ahead
    assert set(await asyncio.gather(*reading)) == {JUKEBOX}
    assert {answer.status for answer in await asyncio.gather(*asking)} == {503}
    proxy.heal()
    assert await put_off(over_s3, "large") == LARGE
    for client in clients:
        client.close()


async def test_uploads_that_hang_hold_little_of_their_bytes(over_s3: OverS3, proxy: S3Proxy) -> None:
    count, body = 16, bytes(32 * MIB)
    await over_s3.save("before", SMALL)  # boto3 is imported
    proxy.rule = lambda seen: Fault.HANG if seen.method in ("PUT", "POST") else None
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(count))  # all of them at once
    tracemalloc.start()
    try:
        sent = [over_s3.ask("PUT", f"/runs/r1/files?path={number}", body) for number in range(count)]
        answers = await asyncio.gather(*sent)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert {answer.status for answer in answers} == {503}
    assert peak < count * 5 * MIB  # besides the part that waits in a file
    proxy.heal()
    assert (await over_s3.ask("GET", "/runs/r1/files")).json()["total_count"] == 1
    await over_s3.save("0", SMALL)


async def test_requests_are_few(
    over_s3: OverS3, proxy: S3Proxy, files: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Retries are bounded: one reader who comes once makes two requests for a block."""
    monkeypatch.setattr("store.blobs.cached.PATIENCE_S", 20.0)  # longer than boto3 waits between them

    def bytes_of(seen: list[Seen]) -> list[str]:
        return [each.headers.get("range", "whole") for each in seen if each.asks_for_bytes]

    async with await over_s3.mounted() as client:
        proxy.passed()
        proxy.all(Fault.E503)
        assert await nfs_read(client, "again") is JUKEBOX
        assert bytes_of(proxy.passed()) == ["whole", "whole"]
