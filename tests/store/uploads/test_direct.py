"""Uploads whose bytes go straight from the client into S3, by URLs that S3 checks."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator

import pytest
import urllib3
from s3_proxy import Fault, S3Proxy
from seaweed import Seaweed

from store.blobs import Expected, Signed, new_key
from store.blobs.s3 import S3Blobs
from store.catalog import Catalog, runs
from store.catalog.rows import Run
from store.errors import Absent, Conflict, Mismatch, Unavailable
from store.uploads import Content, Uploads

PART = 5 * 1024 * 1024
http = urllib3.PoolManager(retries=False)


async def chunks(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


def of(content: bytes) -> Expected:
    return Expected(len(content), hashlib.sha256(content).digest())


async def send(signed: Signed | None, body: bytes) -> int:
    assert signed is not None
    answer = await asyncio.to_thread(
        http.request, signed.method, signed.url, body=body, headers=signed.headers
    )
    return int(answer.status)


@pytest.fixture
def uploads(catalog: Catalog, s3: S3Blobs) -> Uploads:
    """Uploads into a bucket."""
    return Uploads(catalog, s3, grace_s=0)


async def test_put_and_register(uploads: Uploads, run: Run, s3: S3Blobs, catalog: Catalog) -> None:
    asked = await uploads.request(run.fileset_id, "a", of(b"text"), reads=None)
    with pytest.raises(Conflict, match="nothing was uploaded"):
        await uploads.register(asked.id)
    signed = s3.sign_put(asked.blob_key, of(b"text"), 300)
    assert await send(signed, b"TEXT") == 400
    with pytest.raises(Conflict, match="nothing was uploaded"):
        await uploads.register(asked.id)
    assert await send(signed, b"text") == 200
    made = await uploads.register(asked.id)
    assert (made.version.size, made.version.sha256) == of(b"text")[:2]
    assert bytes(await Content(catalog.direct, s3).read(made.version.id, 1, 2)) == b"ex"
    assert await send(signed, b"text") == 412  # a replay
    assert await uploads.fsck(deep=True) == []


async def test_a_replay_after_deletion_makes_an_orphan_only(
    uploads: Uploads, run: Run, s3: S3Blobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = await uploads.request(run.fileset_id, "a", of(b"text"), reads=None)
    signed = s3.sign_put(asked.blob_key, of(b"text"), 300)
    await send(signed, b"text")
    made = await uploads.register(asked.id)
    await uploads.delete([made.entry.id])
    await uploads.collect(now=True)
    assert await s3.size(asked.blob_key) is None
    assert await send(signed, b"text") == 200
    monkeypatch.setattr("store.uploads.collect.ORPHAN_AGE_S", -10)
    assert (await uploads.collect(now=True)).orphans == 1
    assert await s3.size(asked.blob_key) is None


async def test_other_bytes_under_the_key(uploads: Uploads, run: Run, s3: S3Blobs) -> None:
    """Whoever has the bucket's own credentials can put anything: registering looks."""
    asked = await uploads.request(run.fileset_id, "a", of(b"text"), reads=None)
    writer = await s3.writer(asked.blob_key)
    await writer.write(b"TEXT")
    await writer.commit()
    with pytest.raises(Mismatch, match="SHA-256"):
        await uploads.register(asked.id)


async def test_parts(uploads: Uploads, run: Run, s3: S3Blobs) -> None:
    whole = b"x" * PART + b"tail"
    asked = await uploads.request(run.fileset_id, "big", of(whole), reads=None, part_size=PART)
    assert asked.multipart_id is not None
    for number, body in ((2, b"tail"), (1, whole[:PART])):
        with pytest.raises(Conflict, match="send"):
            await uploads.register(asked.id)
        await send(s3.sign_piece(asked.blob_key, asked.multipart_id, number, len(body), 300), body)
    assert [part.number for part in await uploads.parts(asked.id)] == [1, 2]
    made = await uploads.register(asked.id)
    assert (made.version.size, made.version.sha256) == of(whole)[:2]
    assert await uploads.fsck(deep=True) == []


async def test_parts_with_other_bytes(uploads: Uploads, run: Run, s3: S3Blobs) -> None:
    asked = await uploads.request(run.fileset_id, "big", of(b"text"), reads=None, part_size=PART)
    assert asked.multipart_id is not None
    await send(s3.sign_piece(asked.blob_key, asked.multipart_id, 1, 4, 300), b"TEXT")
    with pytest.raises(Mismatch, match="SHA-256"):
        await uploads.register(asked.id)
    await uploads.collect()
    assert await s3.size(asked.blob_key) is None


async def test_the_collector_ends_parts_that_no_upload_knows(
    uploads: Uploads, run: Run, s3: S3Blobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody died between asking S3 for an upload in parts and noting it."""
    monkeypatch.setattr("store.uploads.collect.ORPHAN_AGE_S", -10)
    orphan = new_key()
    multipart_id = await s3.begin_pieces(orphan)
    asked = await uploads.request(run.fileset_id, "big", of(b"tail"), reads=None, part_size=PART)
    assert asked.multipart_id is not None
    assert (await uploads.collect(now=True)).unfinished == 1
    with pytest.raises(Absent):
        await s3.pieces(orphan, multipart_id)
    await send(s3.sign_piece(asked.blob_key, asked.multipart_id, 1, 4, 300), b"tail")
    await uploads.register(asked.id)


async def test_a_join_that_was_not_noted(uploads: Uploads, run: Run, s3: S3Blobs) -> None:
    """Somebody died between joining the parts and noting it: registering again needs no byte anew."""
    asked = await uploads.request(run.fileset_id, "big", of(b"tail"), reads=None, part_size=PART)
    assert asked.multipart_id is not None
    await send(s3.sign_piece(asked.blob_key, asked.multipart_id, 1, 4, 300), b"tail")
    pieces = await s3.pieces(asked.blob_key, asked.multipart_id)
    assert pieces is not None
    await s3.join(asked.blob_key, asked.multipart_id, pieces)
    assert [(part.number, part.size) for part in await uploads.parts(asked.id)] == [(1, 4)]  # none is missing
    assert (await uploads.register(asked.id)).version.sha256 == of(b"tail").sha256
    assert await uploads.fsck(deep=True) == []


async def test_parts_that_the_store_has_dropped(uploads: Uploads, run: Run, s3: S3Blobs) -> None:
    """A bucket may be told to end uploads that take long: then ours is over, and a new one begins anew."""
    asked = await uploads.request(run.fileset_id, "big", of(b"tail"), reads=None, part_size=PART)
    assert asked.multipart_id is not None
    await s3.drop_pieces(asked.blob_key, asked.multipart_id)
    with pytest.raises(Absent):
        await uploads.parts(asked.id)
    with pytest.raises(Conflict, match="aborted"):
        await uploads.parts(asked.id)


async def test_a_copy_that_cannot_be_dropped_is_no_failure(
    catalog: Catalog, run: Run, far: S3Blobs, proxy: S3Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The content is here already, and S3 fails when the second copy is to go."""
    uploads = Uploads(catalog, far, grace_s=0)
    await uploads.put(run.fileset_id, "a", chunks(b"same"))
    proxy.rule = lambda seen: Fault.E503 if seen.method == "DELETE" else None
    again = await uploads.put(run.fileset_id, "b", chunks(b"same"))
    assert again.version.sha256 == of(b"same").sha256
    with pytest.raises(Mismatch):
        await uploads.put(run.fileset_id, "c", chunks(b"same"), of(b"other"))
    proxy.heal()
    monkeypatch.setattr("store.uploads.collect.ORPHAN_AGE_S", -10)
    assert (await uploads.collect(now=True)).orphans == 1
    assert await uploads.fsck(deep=True) == []


async def test_a_deleted_run_drops_what_comes_late(
    uploads: Uploads, run: Run, s3: S3Blobs, catalog: Catalog
) -> None:
    asked = await uploads.request(run.fileset_id, "a", of(b"text"), reads=None)
    await catalog.write(lambda tx: runs.delete(tx, run.id))
    assert await send(s3.sign_put(asked.blob_key, of(b"text"), 300), b"text") == 200
    with pytest.raises(Conflict, match="aborted"):
        await uploads.register(asked.id)
    await uploads.collect()
    assert await s3.size(asked.blob_key) is None


async def test_s3_is_killed_between_the_steps(
    catalog: Catalog, run: Run, own_seaweed: Seaweed, credentials: None
) -> None:
    """Through the sidecar and straight: what was acknowledged before kill -9 is there after the restart."""
    server = own_seaweed
    blobs = S3Blobs.open("bucket", "", server.endpoint)
    uploads = Uploads(catalog, blobs, grace_s=0)

    def killed() -> None:
        server.stop(kill=True)
        server.start()

    through = await uploads.put(run.fileset_id, "through", chunks(b"through"))
    asked = await uploads.request(run.fileset_id, "straight", of(b"straight"), reads=None)
    killed()
    assert await send(blobs.sign_put(asked.blob_key, of(b"straight"), 300), b"straight") == 200
    killed()
    straight = await uploads.register(asked.id)
    grown = await uploads.append(through.entry.id, 7, chunks(b" and on"))
    killed()
    assert grown.version is not None
    content = Content(catalog.direct, blobs)
    assert bytes(await content.read(grown.version.id, 0, 99)) == b"through and on"
    assert bytes(await content.read(straight.version.id, 0, 99)) == b"straight"
    server.stop(kill=True)
    with pytest.raises(Unavailable):
        await uploads.put(run.fileset_id, "lost", chunks(b"lost"))
    with pytest.raises(Unavailable):
        await uploads.register((await uploads.request(run.fileset_id, "lost", reads=None)).id)
    server.start()
    assert await uploads.fsck(deep=True) == []
    await blobs.close()
