"""What a bucket promises beyond the interface, on a real S3 server."""

from __future__ import annotations

import asyncio
import hashlib
import threading
import time
from typing import Any

import pytest
import urllib3
from s3_proxy import Fault, S3Proxy
from seaweed import Seaweed

from store.blobs import Expected, Piece, new_key
from store.blobs.s3 import OBJECT_SHARE, OTHER_THREADS, READ_THREADS, WRITE_THREADS, S3Blobs
from store.errors import Absent, Mismatch, Unavailable

http = urllib3.PoolManager(retries=False)
BODY = b"hello"
EXPECTED = Expected(5, hashlib.sha256(BODY).digest(), hashlib.md5(BODY).digest())


async def send(signed: Any, body: bytes, headers: dict[str, str] | None = None) -> int:
    given = signed.headers if headers is None else headers
    answer = await asyncio.to_thread(http.request, signed.method, signed.url, body=body, headers=given)
    return int(answer.status)


async def test_a_signed_put_takes_just_those_bytes_once(s3: S3Blobs) -> None:
    key = new_key()
    assert await s3.measure(key, EXPECTED) is None
    signed = s3.sign_put(key, EXPECTED, 300)
    assert signed is not None
    for wrong in (b"HELLO", b"hello!", b"hell", b""):
        assert await send(signed, wrong) == (
            400 if len(wrong) == len(BODY) else 403
        )  # the size is signed too
    for name in signed.headers:  # without one of those that were signed
        rest = {other: value for other, value in signed.headers.items() if other != name}
        assert await send(signed, BODY, rest) == 403, name
    assert await send(signed._replace(url=signed.url.replace(key, new_key())), BODY) == 403
    assert await s3.size(key) is None
    assert await send(signed, BODY) == 200
    assert await s3.measure(key, EXPECTED) == (key, *EXPECTED)
    assert await send(signed, BODY) == 412  # again
    assert await s3.read(key, 0, 9) == BODY


async def test_a_signed_put_without_an_md5(s3: S3Blobs) -> None:
    expected = EXPECTED._replace(md5=None)
    signed = s3.sign_put(key := new_key(), expected, 300)
    assert signed is not None
    assert await send(signed, b"HELLO") == 400
    assert await send(signed, BODY) == 200
    assert await s3.measure(key, expected) == (key, *expected)


async def test_urls_expire(s3: S3Blobs) -> None:
    signed = s3.sign_put(key := new_key(), EXPECTED, 1)
    assert signed is not None
    end = time.monotonic() + 10
    while (status := await send(signed, b"HELLO")) == 400:  # wrong bytes until then: nothing is stored
        assert time.monotonic() < end
    assert status == 403
    assert await s3.size(key) is None


async def test_signed_parts(s3: S3Blobs) -> None:
    key = new_key()
    multipart_id = await s3.begin_pieces(key)
    part = b"x" * (5 * 1024 * 1024)
    for number, body in ((2, b"tail"), (1, part)):
        signed = s3.sign_piece(key, multipart_id, number, len(body), 300)
        assert signed is not None
        assert await send(signed, body) == 200
    pieces = await s3.pieces(key, multipart_id)
    assert pieces is not None
    assert [(piece.number, piece.size) for piece in pieces] == [(1, len(part)), (2, 4)]
    stored = await s3.join(key, multipart_id, pieces)
    assert stored.sha256 == hashlib.sha256(part + b"tail").digest()
    assert (await s3.measure(key, Expected())) == stored._replace(md5=None)  # read, for S3 does not tell


async def test_a_signed_get(s3: S3Blobs) -> None:
    writer = await s3.writer(key := new_key())
    await writer.write(BODY)
    await writer.commit()
    headers = {"Content-Type": "text/plain", "Content-Disposition": 'attachment; filename="a"'}
    signed = s3.sign_get(key, headers, 300)
    assert signed is not None
    answer = await asyncio.to_thread(http.request, "GET", signed.url)
    assert (answer.status, answer.data) == (200, BODY)
    assert answer.headers["Content-Type"] == "text/plain"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="a"'


async def test_an_unknown_multipart_upload(s3: S3Blobs) -> None:
    with pytest.raises(Absent):
        await s3.pieces(new_key(), "unknown")
    with pytest.raises(Absent):
        await s3.join(new_key(), "unknown", [Piece(1, 1, "0" * 32)])


async def test_many_objects_are_listed_in_order(s3: S3Blobs, monkeypatch: pytest.MonkeyPatch) -> None:
    list_objects = s3._client.list_objects_v2
    monkeypatch.setattr(s3._client, "list_objects_v2", lambda **given: list_objects(MaxKeys=3, **given))
    keys = [new_key() for _ in range(8)]
    for key in keys:
        writer = await s3.writer(key)
        await writer.commit()
    assert [found.key async for found in s3.keys()] == sorted(keys)  # noqa: SIM118 - not a dict


async def test_a_server_that_is_gone_and_comes_back(own_seaweed: Seaweed, credentials: None) -> None:
    server = own_seaweed
    blobs = S3Blobs.open("bucket", "", server.endpoint)
    writer = await blobs.writer(key := new_key())
    await writer.write(BODY)
    await writer.commit()
    server.stop(kill=True)
    with pytest.raises(Unavailable, match="slow or failing"):
        await blobs.read(key, 0, 5)
    writer = await blobs.writer(new_key())
    await writer.write(BODY)
    with pytest.raises(Unavailable):
        await writer.commit()
    with pytest.raises(Unavailable):
        await blobs.size(key)
    server.start()
    assert await blobs.read(key, 0, 5) == BODY  # no restart of ours
    await blobs.close()


async def put(blobs: S3Blobs, content: bytes) -> str:
    writer = await blobs.writer(key := new_key())
    try:
        await writer.write(content)
        await writer.commit()
    except Unavailable:
        await writer.abort()
        raise
    return key


async def test_what_others_keep_in_the_bucket_is_not_ours(bucket: S3Blobs, s3: S3Blobs) -> None:
    key = await put(s3, BODY)
    prefix = s3._prefix
    for name in ("notes.txt", "ab/notes.txt", key, f"zz/{key}", f"deeper/{key[:2]}/{key}"):
        bucket._client.put_object(Bucket=bucket._bucket, Key=prefix + name, Body=b"theirs")
    above = S3Blobs(bucket._client, bucket._bucket, "")
    assert [found.key async for found in s3.keys()] == [key]  # noqa: SIM118 - not a dict
    assert key not in [found.key async for found in above.keys()]  # noqa: SIM118


async def test_multipart_uploads_that_nobody_ends(s3: S3Blobs) -> None:
    orphan, kept, sent = new_key(), new_key(), new_key()
    ids = {key: await s3.begin_pieces(key) for key in (orphan, kept, sent)}
    between_ns = time.time_ns() + 10**9
    await asyncio.sleep(2)  # S3 tells times in seconds
    writer = await s3.piece_writer(sent, ids[sent], 1, 0)
    await writer.write(BODY)
    await writer.commit()
    assert await s3.clear_unfinished(between_ns - 3600 * 10**9) == 0
    assert await s3.clear_unfinished(between_ns, {kept}) == 1
    with pytest.raises(Absent):
        await s3.pieces(orphan, ids[orphan])
    assert await s3.pieces(kept, ids[kept]) == []
    assert len(await s3.pieces(sent, ids[sent]) or ()) == 1  # of somebody who lives, in another process
    assert await s3.clear_unfinished(time.time_ns() + 10**10, {kept}) == 1
    await s3.drop_pieces(kept, ids[kept])


async def test_one_object_that_hangs_holds_up_nobody_else(far: S3Blobs, proxy: S3Proxy) -> None:
    bad, good = await put(far, BODY), await put(far, b"good")
    proxy.rule = lambda seen: Fault.HANG if seen.key.endswith(bad) else None
    stuck = [asyncio.ensure_future(far.read(bad, 0, 5)) for _ in range(20)]
    stuck += [asyncio.ensure_future(far.size(bad)) for _ in range(20)]
    await asyncio.to_thread(proxy.wait_hanging, 2 * OBJECT_SHARE)
    assert await far.read(good, 0, 5) == b"good"
    assert await far.size(good) == 4
    await far.delete(await put(far, b"more"))
    assert proxy.hanging == 2 * OBJECT_SHARE  # while all of this was done
    proxy.heal()
    await asyncio.gather(*stuck, return_exceptions=True)


async def test_a_server_that_hangs(far: S3Blobs, proxy: S3Proxy, monkeypatch: pytest.MonkeyPatch) -> None:
    """All calls end, few threads wait for it, and all is well when it goes on."""
    monkeypatch.setattr("store.blobs.lane.PATIENCE_S", 0.2)
    monkeypatch.setattr("store.blobs.s3.CHECK_PATIENCE_S", 0.2)
    monkeypatch.setattr("store.blobs.s3.WRITER_PATIENCE_S", 0.2)
    monkeypatch.setattr(far, "_writers", asyncio.Semaphore(2))
    keys = [await put(far, BODY) for _ in range(3)]
    proxy.all(Fault.HANG)
    before = threading.active_count()
    calls: list[Any] = [far.read(keys[n % 3], 0, 5) for n in range(300)]
    calls += [far.size(new_key()) for _ in range(300)]
    calls += [put(far, BODY) for _ in range(30)]
    asked = [asyncio.ensure_future(call) for call in calls]
    with pytest.raises(Unavailable):
        await far.check()
    most = READ_THREADS + WRITE_THREADS + OTHER_THREADS
    ours = [thread for thread in threading.enumerate() if thread.name.startswith("s3")]
    assert len(ours) <= most
    assert proxy.hanging <= most
    assert threading.active_count() <= before + 2 * most  # and as many of the proxy
    assert {type(got) for got in await asyncio.gather(*asked, return_exceptions=True)} == {Unavailable}
    proxy.heal()
    assert await far.read(keys[0], 0, 5) == BODY
    await far.check()
    assert await far.size(await put(far, BODY)) == 5


async def test_giving_up_tells_why_also_when_s3_fails(far: S3Blobs, proxy: S3Proxy) -> None:
    writer = await far.writer(new_key())
    await writer.write(b"x" * (8 * 1024 * 1024 + 1))
    with pytest.raises(Mismatch):
        await writer.commit(Expected(sha256=b"?" * 32))
    proxy.all(Fault.RESET)
    await writer.abort()
    proxy.heal()
    assert await far.clear_unfinished(time.time_ns() + 10**10) == 1


async def test_a_signed_part_is_good_for_one_size_of_one_part(s3: S3Blobs) -> None:
    multipart_id = await s3.begin_pieces(key := new_key())
    signed = s3.sign_piece(key, multipart_id, 1, 5, 300)
    assert signed is not None
    for wrong in (b"hell", b"hello!", b""):
        assert await send(signed, wrong) == 403
    for name, text in (("partNumber=1", "partNumber=2"), (multipart_id, "x" * 32), (key, new_key())):
        assert name in signed.url
        assert await send(signed._replace(url=signed.url.replace(name, text)), BODY) == 403
    assert await s3.pieces(key, multipart_id) == []
    assert await send(signed, BODY) == 200
    pieces = await s3.pieces(key, multipart_id)
    assert pieces is not None
    await s3.join(key, multipart_id, pieces)
    assert await send(signed, b"HELLO") == 404  # after registration
    assert await s3.read(key, 0, 9) == BODY
