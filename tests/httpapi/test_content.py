"""Answers that carry a file's bytes."""

import asyncio
import hashlib
import os
from typing import Any

import aiohttp
import pytest

from httpapi import content, serving
from store.errors import Unavailable

DATA = bytes(range(256)) * 1200  # longer than what is sent in one write
SHA256 = hashlib.sha256(DATA).hexdigest()


@pytest.fixture
async def file(api: Any) -> Any:
    await api.good("POST", "/runs", {"project": "team/a", "id": "r1"})
    return await api.save("r1", "d/größe.html", DATA)


async def get(api: Any, file: Any, method: str = "GET", params: Any = None, **headers: str) -> Any:
    given = {name.replace("_", "-"): text for name, text in headers.items()}
    return await api.raw(method, f"/runs/files/{file['id']}/content", headers=given, params=params)


async def test_the_whole(api: Any, file: Any) -> None:
    answer = await get(api, file)
    assert (answer.status, await answer.read()) == (200, DATA)
    assert answer.headers["ETag"] == f'"{SHA256}"'
    assert answer.headers["Content-Length"] == str(len(DATA))
    assert answer.headers["Accept-Ranges"] == "bytes"
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"].startswith("sandbox;")
    assert answer.headers["Cache-Control"] == "private, no-cache"
    assert answer.headers["Content-Disposition"] == (
        "attachment; filename=\"gr__e.html\"; filename*=UTF-8''gr%C3%B6%C3%9Fe.html"
    )
    shown = await get(api, file, params={"inline": "true"})
    assert shown.headers["Content-Disposition"].startswith("inline;")
    assert shown.headers["Content-Security-Policy"].startswith("sandbox;")


@pytest.mark.parametrize(
    ("asked", "start", "stop"),
    [("bytes=0-0", 0, 1), ("bytes=100-200099", 100, 200_100), ("bytes=-5", len(DATA) - 5, len(DATA))],
)
async def test_parts(api: Any, file: Any, asked: str, start: int, stop: int) -> None:
    answer = await get(api, file, Range=asked)
    assert (answer.status, await answer.read()) == (206, DATA[start:stop])
    assert answer.headers["Content-Range"] == f"bytes {start}-{stop - 1}/{len(DATA)}"
    head = await get(api, file, "HEAD", Range=asked)
    assert (head.status, head.headers["Content-Length"], await head.read()) == (206, str(stop - start), b"")


async def test_beyond_the_end(api: Any, file: Any) -> None:
    answer = await get(api, file, Range=f"bytes={len(DATA)}-")
    assert (answer.status, answer.headers["Content-Range"]) == (416, f"bytes */{len(DATA)}")
    assert (await answer.json(content_type=None))["type"] == "urn:runfs:problem:range"


async def test_conditions(api: Any, file: Any) -> None:
    etag = f'"{SHA256}"'
    answer = await get(api, file, If_None_Match=etag)
    assert (answer.status, await answer.read(), answer.headers["ETag"]) == (304, b"", etag)
    assert (await get(api, file, If_None_Match=f'W/{etag}, "x"')).status == 304
    assert (await get(api, file, "HEAD", If_None_Match="*")).status == 304
    assert (await get(api, file, If_None_Match='"x"')).status == 200
    assert (await get(api, file, If_Match=etag)).status == 200
    assert (await get(api, file, If_Match='"x"')).status == 412
    assert (await get(api, file, If_Range=etag, Range="bytes=0-1")).status == 206
    assert (await get(api, file, If_Range='"x"', Range="bytes=0-1")).status == 200
    await api.save("r1", "d/größe.html", b"new")
    assert (await get(api, file, If_None_Match=etag)).status == 200


async def test_head(api: Any, file: Any) -> None:
    answer = await get(api, file, "HEAD")
    assert (answer.status, answer.headers["Content-Length"], await answer.read()) == (
        200,
        str(len(DATA)),
        b"",
    )
    assert answer.headers["ETag"] == f'"{SHA256}"'


async def test_an_empty_file(api: Any, file: Any) -> None:
    empty = await api.save("r1", "empty", b"")
    answer = await get(api, empty)
    assert (answer.status, await answer.read(), answer.headers["Content-Length"]) == (200, b"", "0")
    assert (await get(api, empty, Range="bytes=0-")).status == 416


async def test_several_answers_on_one_connection(api: Any, file: Any) -> None:
    for _ in range(3):
        assert await (await get(api, file)).read() == DATA
        assert await (await get(api, file, Range="bytes=5-70004")).read() == DATA[5:70_005]


async def test_a_growing_file_has_a_new_tag_each_time(api: Any, file: Any, uploads: Any) -> None:
    async def pieces(data: bytes) -> Any:
        yield data

    tags = set()
    end = len(DATA)
    for _ in range(3):
        await uploads.append(file["id"], end, pieces(DATA))
        end += len(DATA)
        answer = await get(api, file)
        assert await answer.read() == DATA * (end // len(DATA))
        tags.add(answer.headers["ETag"])
    assert len(tags) == 3
    # A part that begins in one segment and ends in another.
    start, stop = len(DATA) - 3, 2 * len(DATA) + 4
    answer = await get(api, file, Range=f"bytes={start}-{stop - 1}")
    assert await answer.read() == (DATA * 4)[start:stop]


@pytest.mark.parametrize("remote", [False, True])
async def test_without_sendfile(
    api: Any, file: Any, monkeypatch: pytest.MonkeyPatch, blobs: Any, remote: bool
) -> None:
    """As through TLS; and as with blobs that are not on this machine."""
    if remote:
        monkeypatch.setattr(type(blobs), "path", lambda self, key: None)
        monkeypatch.setattr(type(blobs), "view", lambda self, key: None)
    else:
        monkeypatch.setattr(content, "can_send_files", lambda transport: False)
    monkeypatch.setattr(content, "CHUNK_BYTES", 1000)
    assert await (await get(api, file)).read() == DATA
    assert await (await get(api, file, Range="bytes=999-70003")).read() == DATA[999:70_004]


async def test_a_lost_blob_is_no_half_answer(api: Any, file: Any, blobs: Any) -> None:
    (found,) = [found async for found in blobs.keys()]  # noqa: SIM118
    path = blobs.path(found.key)
    path.chmod(0o600)
    path.write_bytes(DATA[: len(DATA) // 2])
    answer = await get(api, file)
    assert (answer.status, answer.content_type) == (500, "application/problem+json")


async def test_memory_stays_bounded(api: Any, file: Any, blobs: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A slow reader of a remote blob: no more than a few chunks are read before it takes them."""
    read = 0
    real = type(blobs).read

    async def counting(self: Any, key: str, offset: int, count: int, size: int) -> bytes:
        nonlocal read
        data: bytes = await real(self, key, offset, count, size)
        read += len(data)
        return data

    big = await api.save("r1", "big", bytes(32 << 20))
    monkeypatch.setattr(type(blobs), "path", lambda self, key: None)
    monkeypatch.setattr(type(blobs), "view", lambda self, key: None)
    monkeypatch.setattr(type(blobs), "read", counting)
    answer = await get(api, big)
    seen = -1
    while read != seen:  # until the server has come to rest
        seen = read
        await asyncio.sleep(0.05)
    assert 0 < read < 24 << 20
    assert len(await answer.read()) == 32 << 20


def test_runners_serve_files_too() -> None:
    assert serving.READ_BUFFER_BYTES >= content.SMALL_BYTES


@pytest.fixture
def remote(blobs: Any, monkeypatch: pytest.MonkeyPatch) -> dict[int, int]:
    """Blobs are elsewhere; how often a read at an offset is to fail."""
    failures: dict[int, int] = {}
    real = type(blobs).read

    async def read(self: Any, key: str, offset: int, count: int, size: int) -> bytes:
        if failures.get(offset, 0) > 0:
            failures[offset] -= 1
            raise Unavailable("elsewhere is slow", 0.01)
        data: bytes = await real(self, key, offset, count, size)
        return data

    monkeypatch.setattr(type(blobs), "path", lambda self, key: None)
    monkeypatch.setattr(type(blobs), "view", lambda self, key: None)
    monkeypatch.setattr(type(blobs), "read", read)
    return failures


async def test_bytes_that_cannot_be_had_are_a_refusal(api: Any, file: Any, remote: dict[int, int]) -> None:
    big = await api.save("r1", "big", bytes(3 << 20))
    remote[0] = remote[1 << 20] = 1
    answer = await get(api, big)
    assert (answer.status, answer.headers["Retry-After"]) == (503, "1")
    answer = await get(api, big, Range=f"bytes={1 << 20}-")
    assert answer.status == 503


async def test_a_store_that_fails_in_the_midst_is_asked_again(
    api: Any, file: Any, remote: dict[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    big = await api.save("r1", "big", whole := os.urandom(3 << 20))
    remote[2 << 20] = 3
    answer = await get(api, big)
    assert (answer.status, await answer.read()) == (200, whole)
    monkeypatch.setattr("httpapi.content.PATIENCE_S", 0.0)
    remote[2 << 20] = 1
    answer = await get(api, big)
    with pytest.raises(aiohttp.ClientError):  # broken off: never taken for the whole
        await answer.read()
