"""`runfs backup` where the bytes are in S3: a folder that needs no S3 to be served."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

from daemon_process import start
from over_s3 import OverS3, nfs_read
from s3_fixtures import BUCKET
from s3_proxy import Fault, S3Proxy
from seaweed import Seaweed

from nfsd.client import Client

MIB = 1024 * 1024
FILES = {"empty": b"", "small": b"s" * 1000, "large": os.urandom(5 * MIB + 17)}


async def command(*arguments: str) -> tuple[int, str, str]:
    """Status, output and complaints of `runfs ...`, run as its user does."""
    argv = [sys.executable, "-m", "runfs", *arguments]
    done = await asyncio.to_thread(subprocess.run, argv, capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout, done.stderr


async def backup(over_s3: OverS3, target: Path, *flags: str) -> tuple[int, str, str]:
    return await command("backup", str(target), "--data", str(over_s3.data), *flags)


async def fill(over_s3: OverS3) -> None:
    for name, content in FILES.items():
        await over_s3.save(name, content)


async def test_it_is_restored_without_s3(over_s3: OverS3, proxy: S3Proxy, tmp_path: Path) -> None:
    """It looks for the bytes where the daemon keeps them, without being told."""
    await fill(over_s3)
    kept = tmp_path / "kept"
    assert await backup(over_s3, kept) == (0, "copied: 2 blobs (5.0 MiB); removed: 0\n", "")
    await over_s3.save("small", b"t" * 1001)
    proxy.passed()
    assert await backup(over_s3, kept) == (0, "copied: 1 blobs (1001 bytes); removed: 0\n", "")
    assert sum(seen.got for seen in proxy.passed() if seen.asks_for_bytes) == 1001
    await over_s3.stop()
    proxy.all(Fault.E500)
    restored = await asyncio.to_thread(start, kept)
    try:
        host, port = restored.nfs.split(":")
        async with await Client.mount(host, int(port)) as client:
            for name, content in (FILES | {"small": b"t" * 1001}).items():
                assert await nfs_read(client, name) == content
    finally:
        restored.process.kill()
        restored.process.wait()
    assert await command("fsck", "--deep", "--data", str(kept)) == (0, "0 wrong, 0 orphans\n", "")


async def test_s3_that_fails_leaves_the_backup_before(
    over_s3: OverS3, proxy: S3Proxy, tmp_path: Path
) -> None:
    await fill(over_s3)
    kept = tmp_path / "kept"
    assert (await backup(over_s3, kept))[0] == 0
    before = (kept / "catalog.sqlite3").read_bytes()
    await over_s3.save("more", b"more")
    proxy.rule = lambda seen: Fault.E500 if seen.asks_for_bytes else None
    status, said, complaint = await backup(over_s3, kept)
    assert (status, said) == (1, "")
    assert complaint.count("\n") == 1
    assert (kept / "catalog.sqlite3").read_bytes() == before
    proxy.heal()
    assert (await backup(over_s3, kept))[0] == 0
    nowhere = f"s3://no-such-bucket/x?endpoint={proxy.endpoint}"
    status, said, complaint = await backup(over_s3, tmp_path / "other", "--blobs", nowhere)
    assert (status, said) == (1, "")
    assert "has no bucket 'no-such-bucket'" in complaint


async def test_what_the_bucket_has_lost_is_told(
    over_s3: OverS3, seaweed: Seaweed, proxy: S3Proxy, tmp_path: Path
) -> None:
    await fill(over_s3)
    prefix = over_s3.blobs.partition("?")[0].rpartition("/")[2]
    client = seaweed.client()
    objects = client.list_objects_v2(Bucket=BUCKET, Prefix=prefix)["Contents"]
    (lost,) = (each["Key"] for each in objects if each["Size"] == 1000)
    client.delete_object(Bucket=BUCKET, Key=lost)
    status, said, _ = await backup(over_s3, tmp_path / "kept")
    assert status == 1
    first, second, _ = said.splitlines()
    assert first.startswith("copied: 1 blobs")
    assert second == f"lost: blob {lost.rpartition('/')[2]}"
    # Other bytes of the same size are no better.
    client.put_object(Bucket=BUCKET, Key=lost, Body=b"t" * 1000)
    status, said, _ = await backup(over_s3, tmp_path / "kept")
    assert status == 1
    assert said.splitlines()[1] == second
    client.put_object(Bucket=BUCKET, Key=lost, Body=FILES["small"])
    assert (await backup(over_s3, tmp_path / "kept"))[:2] == (0, "copied: 1 blobs (1000 bytes); removed: 0\n")
