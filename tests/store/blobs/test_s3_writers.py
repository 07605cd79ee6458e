import hashlib
from typing import Any

import pytest
from s3_proxy import Fault, S3Proxy

from store.blobs import Expected, new_key
from store.blobs.s3 import S3Blobs
from store.errors import Mismatch, Unavailable

PART = 8 * 1024 * 1024


class Counted:
    """A client that notes which operations were asked for."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.calls: list[str] = []

    def __getattr__(self, name: str) -> Any:
        self.calls.append(name)
        return getattr(self._client, name)


@pytest.mark.parametrize(
    ("size", "calls"),
    [
        (0, ["put_object"]),
        (PART, ["put_object"]),
        (PART + 1, ["create_multipart_upload", *["upload_part"] * 2, "complete_multipart_upload"]),
        (2 * PART, ["create_multipart_upload", *["upload_part"] * 2, "complete_multipart_upload"]),
    ],
)
async def test_one_put_or_parts(s3: S3Blobs, size: int, calls: list[str]) -> None:
    s3._client = client = Counted(s3._client)
    writer = await s3.writer(key := new_key())
    content = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    for at in range(0, size, 3_000_000):
        await writer.write(content[at : at + 3_000_000])
    stored = await writer.commit(Expected(size, hashlib.sha256(content).digest()))
    assert client.calls == calls
    assert stored.size == size
    assert await s3.size(key) == size
    assert await s3.read(key, max(size - 3, 0), 9) == content[-3:]


async def test_a_mismatch_ends_the_multipart_upload(s3: S3Blobs) -> None:
    s3._client = client = Counted(s3._client)
    writer = await s3.writer(key := new_key())
    await writer.write(b"x" * (PART + 1))
    with pytest.raises(Mismatch):
        await writer.commit(Expected(sha256=b"?" * 32))
    await writer.abort()
    assert client.calls[-1] == "abort_multipart_upload"
    assert await s3.size(key) is None


async def test_parts_grow_with_the_blob(s3: S3Blobs) -> None:
    """S3 takes 10,000 parts: a blob of 1 TiB needs parts of 105 MiB."""
    writer = await s3.writer(new_key(), size=2**40)
    assert writer._part_bytes * 10_000 >= 2**40
    assert (await s3.writer(new_key(), size=5))._part_bytes == PART


async def test_a_part_may_be_empty(s3: S3Blobs) -> None:
    key = new_key()
    multipart_id = await s3.begin_pieces(key)
    writer = await s3.piece_writer(key, multipart_id, 1, 0)
    piece = await writer.commit(Expected(0))
    assert (piece.number, piece.size) == (1, 0)
    assert (await s3.join(key, multipart_id, [piece])).size == 0


async def test_memory_is_bounded(s3: S3Blobs) -> None:
    """What waits for the rest of its part waits on disk."""
    writer = await s3.writer(new_key())
    for _ in range(7):
        await writer.write(bytes(1 << 20))
    assert writer._part._rolled  # type: ignore[attr-defined]
    await writer.abort()
    assert writer._part.closed


async def test_a_failing_s3_is_not_asked_to_clean_up(far: S3Blobs, proxy: S3Proxy) -> None:
    """It would be waited for once more; the collector does it later."""
    writer = await far.writer(new_key())
    proxy.rule = lambda seen: Fault.E503 if "partNumber" in seen.query else None
    await writer.write(b"x" * (PART + 1))
    with pytest.raises(Unavailable):
        await writer.commit()
    proxy.passed()
    await writer.abort()
    assert proxy.passed() == []
    proxy.heal()
    assert await far.clear_unfinished(2**62) == 1
