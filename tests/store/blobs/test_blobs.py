"""The promises of every blob store."""

import asyncio
import hashlib

import pytest

from store.blobs import ANYTHING, Blobs, Expected, Found, Stored, Whole, new_key
from store.errors import Absent, Mismatch, Refused

MIB = 1024 * 1024


async def put(blobs: Blobs, *chunks: bytes, expected: Expected = ANYTHING) -> Stored:
    writer = await blobs.writer(new_key(), size=expected.size)
    for chunk in chunks:
        await writer.write(chunk)
    return await writer.commit(expected)


async def listed(blobs: Blobs) -> list[Found]:
    return [found async for found in blobs.keys()]  # noqa: SIM118 - not a dict


def test_keys_are_random() -> None:
    keys = {new_key() for _ in range(1000)}
    assert len(keys) == 1000
    assert all(len(key) == 32 for key in keys)


@pytest.mark.parametrize("sizes", [[], [0], [1], [5, 0, 7], [MIB], [MIB - 1, 2], [3 * MIB + 5, MIB]])
async def test_what_was_put_is_read(blobs: Blobs, sizes: list[int]) -> None:
    chunks = [bytes([number + 65]) * size for number, size in enumerate(sizes)]
    whole = b"".join(chunks)
    stored = await put(blobs, *chunks)
    assert stored.size == len(whole)
    assert stored.sha256 == hashlib.sha256(whole).digest()
    assert stored.md5 == hashlib.md5(whole).digest()
    assert await blobs.size(stored.key) == len(whole)
    assert await blobs.read(stored.key, 0, len(whole) + 1) == whole
    view = blobs.view(stored.key)
    assert view is None or bytes(view) == whole
    path = blobs.path(stored.key)
    assert path is None or path.read_bytes() == whole
    assert [(found.key, found.size) for found in await listed(blobs)] == [(stored.key, len(whole))]


async def test_who_claimed_them_first_has_them(blobs: Blobs) -> None:
    assert await blobs.claim("1") == "1"
    assert await blobs.claim("2") == "1"
    assert await blobs.claim("1") == "1"
    assert await listed(blobs) == []
    assert await blobs.clear_unfinished(2**63 - 1) == 0
    assert await blobs.claim("2") == "1"


async def test_ranges(blobs: Blobs) -> None:
    stored = await put(blobs, b"0123456789")
    for offset in range(12):
        for count in range(12):
            assert await blobs.read(stored.key, offset, count) == b"0123456789"[offset : offset + count]


async def test_nothing_is_seen_before_commit(blobs: Blobs) -> None:
    writer = await blobs.writer(key := new_key())
    await writer.write(b"x" * (2 * MIB))
    assert await blobs.size(key) is None
    assert blobs.view(key) is None
    assert await listed(blobs) == []
    await writer.commit()
    assert await blobs.size(key) == 2 * MIB


@pytest.mark.parametrize("size", [10, 3 * MIB])
async def test_abort_leaves_nothing(blobs: Blobs, size: int) -> None:
    writer = await blobs.writer(key := new_key())
    await writer.write(b"x" * size)
    await writer.abort()
    await writer.abort()
    assert await blobs.size(key) is None
    assert await listed(blobs) == []


@pytest.mark.parametrize(
    ("expected", "reason"),
    [
        (Expected(size=4), "5 bytes came, 4 were announced"),
        (Expected(size=6), "5 bytes came, 6 were announced"),
        (Expected(sha256=hashlib.sha256(b"other").digest()), "SHA-256"),
        (Expected(md5=hashlib.md5(b"other").digest()), "MD5"),
    ],
)
async def test_what_was_not_announced_is_not_stored(blobs: Blobs, expected: Expected, reason: str) -> None:
    with pytest.raises(Mismatch, match=reason):
        await put(blobs, b"bytes", expected=expected)
    assert await listed(blobs) == []
    true = Expected(5, hashlib.sha256(b"bytes").digest(), hashlib.md5(b"bytes").digest())
    assert (await put(blobs, b"bytes", expected=true)).size == 5


async def test_delete(blobs: Blobs) -> None:
    stored = await put(blobs, b"x" * MIB)
    view = blobs.view(stored.key)
    await blobs.delete(stored.key)
    await blobs.delete(stored.key)
    assert await blobs.size(stored.key) is None
    assert blobs.view(stored.key) is None
    with pytest.raises(Absent):
        await blobs.read(stored.key, 0, 1)
    assert view is None or bytes(view) == b"x" * MIB  # an open reader finishes


async def test_other_keys_are_not_ours(blobs: Blobs) -> None:
    for key in ("", "../../etc/passwd", "/etc/passwd", "A" * 32, "a" * 31, "a" * 31 + "/", "." * 32):
        with pytest.raises(Refused, match="no blob key"):
            await blobs.read(key, 0, 1)
        with pytest.raises(Refused, match="no blob key"):
            await blobs.writer(key)
        with pytest.raises(Refused, match="no blob key"):
            await blobs.delete(key)
        with pytest.raises(Refused, match="no blob key"):
            await blobs.begin_pieces(key)


async def test_many_writers_at_once(blobs: Blobs) -> None:
    contents = [bytes([number]) * (MIB + number) for number in range(8)]
    stored = await asyncio.gather(*[put(blobs, content[:MIB], content[MIB:]) for content in contents])
    for content, one in zip(contents, stored, strict=True):
        assert await blobs.read(one.key, 0, 2 * MIB) == content


class TestPieces:
    PART = 5 * MIB  # the least that S3 takes for all but the last part

    async def send(self, blobs: Blobs, key: str, multipart_id: str, number: int, content: bytes) -> object:
        writer = await blobs.piece_writer(key, multipart_id, number, (number - 1) * self.PART)
        await writer.write(content)
        return await writer.commit(Expected(len(content)))

    async def test_parts_in_any_order_and_twice(self, blobs: Blobs) -> None:
        key = new_key()
        multipart_id = await blobs.begin_pieces(key)
        contents = {1: b"a" * self.PART, 2: b"b" * self.PART, 3: b"tail"}
        await self.send(blobs, key, multipart_id, 3, b"tail")
        await self.send(blobs, key, multipart_id, 1, b"?" * self.PART)
        pieces = {}
        for number in (3, 1, 2):
            pieces[number] = await self.send(blobs, key, multipart_id, number, contents[number])
        assert await blobs.size(key) is None
        stored = await blobs.join(key, multipart_id, [pieces[n] for n in (1, 2, 3)])  # type: ignore[misc]
        whole = b"".join(contents.values())
        assert stored == Stored(key, len(whole), hashlib.sha256(whole).digest(), hashlib.md5(whole).digest())
        assert await blobs.size(key) == len(whole)
        assert await blobs.read(key, self.PART - 1, 2) == b"ab"
        again = await blobs.join(key, multipart_id, [pieces[n] for n in (1, 2, 3)], md5=False)  # type: ignore[misc]
        assert again == stored._replace(md5=None)

    async def test_a_last_part_that_was_longer_at_first(self, blobs: Blobs) -> None:
        key = new_key()
        multipart_id = await blobs.begin_pieces(key)
        await self.send(blobs, key, multipart_id, 1, b"longer")
        piece = await self.send(blobs, key, multipart_id, 1, b"now")
        stored = await blobs.join(key, multipart_id, [piece])  # type: ignore[list-item]
        assert await blobs.read(stored.key, 0, 10) == b"now"

    async def test_drop(self, blobs: Blobs) -> None:
        key = new_key()
        multipart_id = await blobs.begin_pieces(key)
        piece = await self.send(blobs, key, multipart_id, 1, b"x")
        await blobs.drop_pieces(key, multipart_id)
        await blobs.drop_pieces(key, multipart_id)
        with pytest.raises(Absent):
            await blobs.join(key, multipart_id, [piece])  # type: ignore[list-item]

    async def test_a_part_of_the_wrong_size(self, blobs: Blobs) -> None:
        key = new_key()
        writer = await blobs.piece_writer(key, await blobs.begin_pieces(key), 1, 0)
        await writer.write(b"four")
        with pytest.raises(Mismatch):
            await writer.commit(Expected(5))
        await writer.abort()


async def test_clear_unfinished_spares_what_is_new_and_what_is_whole(blobs: Blobs) -> None:
    stored = await put(blobs, b"whole")
    writer = await blobs.writer(new_key())
    await writer.write(b"x" * (2 * MIB))
    assert await blobs.clear_unfinished(0) == 0
    await writer.commit()
    await blobs.clear_unfinished(2**62)
    assert await blobs.read(stored.key, 0, 9) == b"whole"
    assert len(await listed(blobs)) == 2


async def test_a_store_that_answers_is_told_so(blobs: Blobs) -> None:
    await blobs.check()


async def test_whoever_knows_the_size_says_so(blobs: Blobs) -> None:
    stored = await put(blobs, b"0123456789")
    for offset in range(12):
        for count in range(12):
            got = await blobs.read(stored.key, offset, count, 10)
            assert got == b"0123456789"[offset : offset + count]


async def test_many_small_ones_each_with_its_own_outcome(blobs: Blobs) -> None:
    contents = [bytes([number]) * number for number in range(70)]
    good = [Whole(new_key(), memoryview(data), Expected(len(data))) for data in contents]
    wrong = Whole(new_key(), b"wrong", Expected(5, hashlib.sha256(b"right").digest()))
    outcomes = await blobs.put_all([*good[:3], wrong, *good[3:]])
    assert isinstance(outcomes.pop(3), Mismatch)
    for one, data, outcome in zip(good, contents, outcomes, strict=True):
        assert outcome == Stored(
            one.key, len(data), hashlib.sha256(data).digest(), hashlib.md5(data).digest()
        )
        assert await blobs.read(one.key, 0, 100) == data
    assert {found.key for found in await listed(blobs)} == {one.key for one in good}
    assert await blobs.put_all([]) == []
