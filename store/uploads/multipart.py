"""Uploads that come in parts: each is durable by itself, so whoever resumes sends only the missing ones.

A client whose connection broke sends a part again while the server may still be reading the first attempt.
The newer attempt ends the older one, and joining ends all of them: a writer that went on would change a blob
already measured.
"""

import asyncio

from store.blobs import ANYTHING, Blobs, Expected, Piece, PieceWriter
from store.catalog import Catalog, Transaction
from store.catalog import uploads as upload_rows
from store.catalog.rows import Part, Upload
from store.errors import Absent, Conflict, Mismatch, Refused
from store.uploads import state
from store.uploads.intake import Chunks, pour

PARTS_MAX = 10_000  # as S3 has it


class Multipart:
    """Receives and joins the parts of uploads."""

    def __init__(self, catalog: Catalog, blobs: Blobs) -> None:
        self._catalog = catalog
        self._blobs = blobs
        self._attempts: dict[tuple[str, int], _Attempt] = {}
        self._joining: set[str] = set()

    async def receive(self, upload: Upload, number: int | None, chunks: Chunks) -> Piece:
        """Take part `number` (from 1); it is durable when this returns. Sent again it replaces the first.

        Errors: Refused without a number or with one beyond the end, Conflict when the upload is over,
        Mismatch when the part has another size than its place says, NoSpace, Unavailable.
        """
        part_size, multipart_id = _of_parts(upload)
        if upload.state != "open" or upload.id in self._joining:
            raise Conflict(f"all parts of {upload.path} were joined already")
        if number is None or not 1 <= number <= PARTS_MAX:
            raise Refused(f"this upload comes in parts of {part_size} bytes, numbered from 1 to {PARTS_MAX}")
        offset = (number - 1) * part_size
        expected = ANYTHING
        if upload.size is not None:
            if offset >= max(upload.size, 1):
                raise Refused(f"{upload.path} has {upload.size} bytes: it has no part {number}")
            expected = Expected(min(part_size, upload.size - offset))
        attempt = _Attempt(await self._blobs.piece_writer(upload.blob_key, multipart_id, number, offset))
        older = self._attempts.get((upload.id, number))
        self._attempts[upload.id, number] = attempt
        try:
            if older is not None:
                await older.abort()
            piece = await pour(chunks, attempt, expected)
        finally:
            if self._attempts.get((upload.id, number)) is attempt:
                del self._attempts[upload.id, number]

        async def work(tx: Transaction) -> None:
            state.under_way(await upload_rows.by_id(tx, upload.id))
            await upload_rows.put_part(tx, Part(upload.id, *piece))
            await upload_rows.update(tx, upload.id, expires_ns=state.expiry(tx))

        await self._catalog.write(work)
        return piece

    async def parts(self, upload: Upload) -> list[Part]:
        """The parts that are durable. Clients may send them straight to the store: then the store knows.

        Absent, and the upload is over, when the store has dropped them.
        """
        part_size, multipart_id = _of_parts(upload)
        try:
            there = await self._blobs.pieces(upload.blob_key, multipart_id)
        except Absent:
            # Whoever joined them died before it was noted, or the store has dropped them.
            size = await self._blobs.size(upload.blob_key)
            if size is None:
                await self._catalog.write(lambda tx: upload_rows.update(tx, upload.id, state="aborted"))
                raise
            offsets = range(0, max(size, 1), part_size)
            return [
                Part(upload.id, number, min(part_size, size - offset), "")
                for number, offset in enumerate(offsets, 1)
            ]
        if there is None:
            return await upload_rows.parts(self._catalog.read, upload.id)
        return [Part(upload.id, *piece) for piece in there]

    async def join(self, upload: Upload) -> None:
        """Make one blob of the parts, measured and durable: the upload is then stored.

        Errors: Conflict when a part is missing, Mismatch (and the upload is over) when all of them together
        are not what was announced, NoSpace, Unavailable.
        """
        part_size, multipart_id = _of_parts(upload)
        parts = await self.parts(upload)
        for number, part in enumerate(parts, 1):
            if part.number != number or (number < len(parts) and part.size != part_size):
                raise Conflict(f"part {number} of {upload.path} is missing or short: send it first")
        size = sum(part.size for part in parts)
        if not parts or (upload.size is not None and size < upload.size):
            raise Conflict(f"{upload.path} is not complete, {size} bytes came: send the missing parts first")
        pieces = [Piece(part.number, part.size, part.etag) for part in parts]
        self._joining.add(upload.id)
        try:
            for (upload_id, _), attempt in list(self._attempts.items()):
                if upload_id == upload.id:
                    await attempt.abort()
            stored = await self._blobs.join(upload.blob_key, multipart_id, pieces, md5=upload.md5 is not None)
        finally:
            self._joining.discard(upload.id)
        try:
            Expected(upload.size, upload.sha256, upload.md5).check(stored.size, stored.sha256, stored.md5)
        except Mismatch:  # nobody can tell which part is wrong: the collector drops them all
            await self._catalog.write(lambda tx: upload_rows.update(tx, upload.id, state="aborted"))
            raise

        async def work(tx: Transaction) -> None:
            await state.note_stored(tx, state.under_way(await upload_rows.by_id(tx, upload.id)), stored)

        await self._catalog.write(work)


class _Attempt:
    """A part's writer that can be stopped from outside: after `abort` it writes nothing any more."""

    def __init__(self, writer: PieceWriter) -> None:
        self._writer = writer
        self._turn = asyncio.Lock()
        self._stopped = False

    async def write(self, chunk: bytes | memoryview) -> None:
        async with self._turn:
            self._check()
            await self._writer.write(chunk)

    async def commit(self, expected: Expected = ANYTHING) -> Piece:
        async with self._turn:
            self._check()
            return await self._writer.commit(expected)

    async def abort(self) -> None:
        self._stopped = True
        async with self._turn:
            await self._writer.abort()

    def _check(self) -> None:
        if self._stopped:
            raise Conflict("this part was sent again, or the upload registered, before all of it came")


def _of_parts(upload: Upload) -> tuple[int, str]:
    if upload.part_size is None or upload.multipart_id is None:
        raise Refused("this upload does not come in parts")
    return upload.part_size, upload.multipart_id
