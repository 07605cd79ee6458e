"""What a bucket promises beyond the interface, on a real S3 server."""

from __future__ import annotations

import asyncio
import hashlib
import time
from typing import Any

import pytest
import urllib3
from seaweed import Seaweed

from store.blobs import Expected, Piece, new_key
from store.blobs.s3 import S3Blobs
from store.errors import Absent, Unavailable

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
        assert 400 <= await send(signed, wrong) < 500
    assert await send(signed, BODY, {}) == 403  # without the headers that were signed
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


async def test_a_server_that_is_gone_and_comes_back(
    tmp_path: Any, credentials: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = Seaweed(tmp_path)
    server.start()
    server.client().create_bucket(Bucket="bucket")
    blobs = S3Blobs("bucket", "", server.endpoint)
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
    server.stop()


async def test_calls_do_not_pile_up(s3: S3Blobs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("store.blobs.s3.WAITING_MAX", 3)
    results = await asyncio.gather(*[s3.size(new_key()) for _ in range(5)], return_exceptions=True)
    assert [type(result) for result in results].count(Unavailable) == 2
    assert await s3.size(new_key()) is None


def test_a_bucket_that_is_not_there(seaweed: Seaweed, credentials: None) -> None:
    with pytest.raises(Absent):
        S3Blobs("no-such-bucket", "", seaweed.endpoint)


def test_wrong_credentials(seaweed: Seaweed, credentials: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    with pytest.raises(Unavailable, match="credentials"):
        S3Blobs("test-bucket", "", seaweed.endpoint)
