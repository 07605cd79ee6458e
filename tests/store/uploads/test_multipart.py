"""Uploads in parts: in any order, again, resumed, joined, refused."""

import asyncio
import hashlib
from collections.abc import AsyncIterator

import pytest

from store.blobs import Blobs, Expected, LocalBlobs
from store.catalog import Catalog, entries
from store.catalog import uploads as upload_rows
from store.catalog.rows import Run, Upload
from store.errors import Absent, Conflict, Mismatch, Refused
from store.uploads import Content, Uploads

PART = 5 * 1024 * 1024
WHOLE = b"a" * PART + b"b" * PART + b"tail"


async def chunks(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


def part_of(number: int) -> bytes:
    return WHOLE[(number - 1) * PART : number * PART]


@pytest.fixture
async def asked(uploads: Uploads, run: Run) -> Upload:
    """An upload of WHOLE in three parts."""
    expected = Expected(len(WHOLE), hashlib.sha256(WHOLE).digest())
    return await uploads.request(run.fileset_id, "big", expected, reads=None, part_size=PART)


async def send(uploads: Uploads, asked: Upload, *numbers: int) -> None:
    for number in numbers:
        piece = await uploads.receive(asked.id, number, chunks(part_of(number)))
        assert (piece.size, getattr(piece, "number", None)) == (len(part_of(number)), number)


async def test_parts_in_any_order(uploads: Uploads, asked: Upload, catalog: Catalog) -> None:
    await send(uploads, asked, 3, 1, 2, 1)
    assert [(part.number, part.size) for part in await uploads.parts(asked.id)] == [
        (1, PART),
        (2, PART),
        (3, 4),
    ]
    made = await uploads.register(asked.id)
    assert (made.version.size, made.version.sha256) == (len(WHOLE), hashlib.sha256(WHOLE).digest())
    content = Content(catalog.direct, uploads.blobs)
    assert bytes(await content.read(made.version.id, PART - 1, 2)) == b"ab"
    assert (await uploads.register(asked.id)).version == made.version


async def test_what_is_missing_is_told(uploads: Uploads, asked: Upload) -> None:
    with pytest.raises(Conflict, match="not complete, 0 bytes came"):
        await uploads.register(asked.id)
    await send(uploads, asked, 3, 1)
    with pytest.raises(Conflict, match="part 2 of big is missing"):
        await uploads.register(asked.id)
    assert [part.number for part in await uploads.parts(asked.id)] == [1, 3]
    await send(uploads, asked, 2)
    assert (await uploads.register(asked.id)).created


async def test_it_is_resumed_by_another_daemon(
    uploads: Uploads, asked: Upload, catalog: Catalog, blobs: Blobs
) -> None:
    await send(uploads, asked, 1, 3)
    other = Uploads(catalog, blobs)
    assert [part.number for part in await other.parts(asked.id)] == [1, 3]
    await send(other, asked, 2)
    assert (await other.register(asked.id)).created


@pytest.mark.parametrize("number", [None, 0, -1, 4, 10_001])
async def test_numbers_that_no_part_has(uploads: Uploads, asked: Upload, number: int | None) -> None:
    with pytest.raises(Refused):
        await uploads.receive(asked.id, number, chunks(b"x"))


async def test_parts_belong_to_uploads_with_parts(uploads: Uploads, run: Run, asked: Upload) -> None:
    plain = await uploads.request(run.fileset_id, "plain", reads=None)
    with pytest.raises(Refused, match="not come in parts"):
        await uploads.receive(plain.id, 1, chunks(b"x"))
    with pytest.raises(Refused, match="at least one byte"):
        await uploads.request(run.fileset_id, "x", reads=None, part_size=0)


@pytest.mark.parametrize("content", [b"", b"x" * (PART - 1), b"x" * (PART + 1)])
async def test_a_part_has_the_size_of_its_place(uploads: Uploads, asked: Upload, content: bytes) -> None:
    with pytest.raises(Mismatch):
        await uploads.receive(asked.id, 1, chunks(content))
    assert await uploads.parts(asked.id) == []


async def test_the_whole_is_verified(uploads: Uploads, asked: Upload) -> None:
    await send(uploads, asked, 1, 2)
    await uploads.receive(asked.id, 3, chunks(b"liar"))
    with pytest.raises(Mismatch, match="SHA-256"):
        await uploads.register(asked.id)
    with pytest.raises(Conflict, match="is aborted"):
        await uploads.register(asked.id)


async def test_an_unknown_size(uploads: Uploads, run: Run) -> None:
    asked = await uploads.request(run.fileset_id, "x", reads=None, part_size=PART)
    await uploads.receive(asked.id, 1, chunks(b"x" * PART))
    await uploads.receive(asked.id, 2, chunks(b"short"))
    assert (await uploads.register(asked.id)).version.size == PART + 5


class Slow:
    """A client whose bytes come when they are told to."""

    def __init__(self, *parts: bytes) -> None:
        self.parts = parts
        self.started = asyncio.Event()
        self.go = asyncio.Event()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self.parts[0]
        self.started.set()
        await self.go.wait()
        for part in self.parts[1:]:
            yield part


async def test_a_newer_attempt_ends_the_older_one(uploads: Uploads, asked: Upload) -> None:
    slow = Slow(b"?" * (PART // 2), b"?" * (PART // 2))
    older = asyncio.ensure_future(uploads.receive(asked.id, 1, slow))  # type: ignore[arg-type]
    await slow.started.wait()
    await send(uploads, asked, 1, 2, 3)
    slow.go.set()
    with pytest.raises(Conflict, match="sent again"):
        await older
    assert (await uploads.register(asked.id)).version.sha256 == hashlib.sha256(WHOLE).digest()


async def test_nothing_is_written_to_what_was_joined(
    uploads: Uploads, asked: Upload, catalog: Catalog
) -> None:
    if not isinstance(uploads.blobs, LocalBlobs):
        pytest.skip("S3 takes no part of an upload that is complete")
    await send(uploads, asked, 1, 2, 3)
    slow = Slow(b"?" * (PART // 2), b"?" * (PART // 2))
    late = asyncio.ensure_future(uploads.receive(asked.id, 2, slow))  # type: ignore[arg-type]
    await slow.started.wait()
    # What the late attempt wrote so far was measured with the rest: it is not what was announced.
    with pytest.raises(Mismatch):
        await uploads.register(asked.id)
    slow.go.set()
    with pytest.raises(Conflict):
        await late


async def test_asking_for_its_parts_keeps_an_upload_alive(
    uploads: Uploads, run: Run, catalog: Catalog
) -> None:
    """Of parts that go straight to the store nothing else is heard."""
    asked = await uploads.request(run.fileset_id, "a", Expected(4), reads=None, part_size=PART)
    await catalog.write(lambda tx: upload_rows.update(tx, asked.id, expires_ns=1))
    await uploads.parts(asked.id)
    await uploads.collect()
    assert await uploads.parts(asked.id) == []


async def begun(uploads: Uploads, run: Run, path: str = "big") -> Upload:
    """An upload of WHOLE whose hash nobody knows yet."""
    return await uploads.request(
        run.fileset_id, path, Expected(len(WHOLE)), reads=run.project_id, part_size=PART
    )


async def test_the_hash_is_told_while_parts_are_sent(uploads: Uploads, run: Run) -> None:
    asked = await begun(uploads, run)
    await send(uploads, asked, 1)
    sha256 = hashlib.sha256(WHOLE).digest()
    told = await uploads.tell(asked.id, sha256, reads=run.project_id)
    assert (told.id, told.state, told.sha256) == (asked.id, "open", sha256)
    assert await uploads.tell(asked.id, sha256, reads=run.project_id) == told  # its answer was lost
    with pytest.raises(Mismatch, match="is not that of big"):
        await uploads.tell(asked.id, b"x" * 32, reads=run.project_id)
    await send(uploads, asked, 2, 3)
    assert (await uploads.register(asked.id)).version.sha256 == sha256


async def test_a_wrong_hash_that_was_told_makes_nothing_visible(
    uploads: Uploads, run: Run, catalog: Catalog
) -> None:
    asked = await begun(uploads, run)
    await uploads.tell(asked.id, b"x" * 32, reads=run.project_id)
    await send(uploads, asked, 1, 2, 3)
    with pytest.raises(Mismatch):
        await uploads.register(asked.id)
    assert await entries.by_path(catalog.read, run.fileset_id, "big") is None
    with pytest.raises(Conflict, match="aborted"):
        await uploads.register(asked.id)


async def test_what_turns_out_to_be_here_is_not_sent_to_its_end(
    uploads: Uploads, run: Run, blobs: Blobs, catalog: Catalog
) -> None:
    first = await begun(uploads, run)
    await send(uploads, first, 1, 2, 3)
    await uploads.register(first.id)
    sha256 = hashlib.sha256(WHOLE).digest()
    second = await begun(uploads, run, "copy")
    await send(uploads, second, 2)
    assert (await uploads.tell(second.id, sha256, reads=run.project_id + 1)).id == second.id  # not to readers
    told = await uploads.tell(second.id, sha256, reads=run.project_id)
    assert (told.state, told.path, told.part_size) == ("stored", "copy", None)
    with pytest.raises(Conflict, match="aborted"):
        await uploads.receive(second.id, 1, chunks(part_of(1)))
    assert (await uploads.register(told.id)).version.sha256 == sha256
    await uploads.collect()
    assert await upload_rows.by_id(catalog.read, second.id) is None
    assert [found.size async for found in blobs.keys()] == [len(WHOLE)]  # noqa: SIM118
    if isinstance(blobs, LocalBlobs):
        assert list((blobs._folder / "pieces").iterdir()) == []
    else:
        assert second.multipart_id is not None
        with pytest.raises(Absent):
            await blobs.pieces(second.blob_key, second.multipart_id)


async def test_what_others_have_is_sent_and_stored_once(uploads: Uploads, run: Run, blobs: Blobs) -> None:
    """Nobody learns from an upload what others have: who may not read it sends all of it."""
    for path in ("one", "two"):
        asked = await begun(uploads, run, path)
        told = await uploads.tell(asked.id, hashlib.sha256(WHOLE).digest(), reads=run.project_id + 1)
        assert told.id == asked.id
        await send(uploads, asked, 1, 2, 3)
        await uploads.register(asked.id)
    assert [found.size async for found in blobs.keys()] == [len(WHOLE)]  # noqa: SIM118
