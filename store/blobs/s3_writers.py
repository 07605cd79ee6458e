"""Bytes on their way to S3 through this process, in bounded memory.

A blob that ends within one part is put at once; a larger one is a multipart upload whose parts are sent as
they fill. What is not small waits in a temporary file: S3 wants its length and its hash beforehand.
"""

import base64
import contextlib
import hashlib
import tempfile
from collections.abc import Callable
from concurrent.futures import Executor
from functools import partial
from typing import IO, Any

from store.blobs import s3_calls
from store.blobs.batches import Batches, Chunk
from store.blobs.blobs import ANYTHING, Expected, Piece, Stored
from store.errors import StoreError, Unavailable

IN_MEMORY_BYTES = 1024 * 1024  # of a part that fills; the rest is in a temporary file


class _Turn:
    """A writer's turn among all that may write at once; given back once."""

    def __init__(self, release: Callable[[], None]) -> None:
        self._release: Callable[[], None] | None = release

    def over(self) -> None:
        release, self._release = self._release, None
        if release is not None:
            release()


class S3Writer:
    """Writes one blob; calls `release` when it is through."""

    def __init__(
        self,
        client: Any,
        executor: Executor,
        release: Callable[[], None],
        key: str,
        where: dict[str, Any],
        part_bytes: int,
        md5: bool,
    ) -> None:
        self._client = client
        self._batches = Batches(executor, self._take)
        self._turn = _Turn(release)
        self._key = key
        self._where = where
        self._part_bytes = part_bytes
        self._part = tempfile.SpooledTemporaryFile(IN_MEMORY_BYTES)  # noqa: SIM115 - closed by commit or abort
        self._filled = 0
        self._parts: list[dict[str, Any]] = []
        self._multipart_id: str | None = None
        self._size = 0
        self._sha256 = hashlib.sha256()
        self._md5 = hashlib.md5(usedforsecurity=False) if md5 else None

    async def write(self, chunk: Chunk) -> None:
        await self._batches.write(chunk)

    async def commit(self, expected: Expected = ANYTHING) -> Stored:
        stored = await self._batches.finish(partial(self._finish, expected))
        self._turn.over()
        return stored

    async def abort(self) -> None:
        try:
            await self._batches.abort(self._undo)
        finally:
            self._turn.over()

    def _take(self, chunks: list[Chunk]) -> None:
        for chunk in chunks:
            self._sha256.update(chunk)
            if self._md5 is not None:
                self._md5.update(chunk)
            self._size += len(chunk)
            rest = memoryview(chunk)
            while rest:
                if self._filled == self._part_bytes:
                    self._send()
                taken = rest[: self._part_bytes - self._filled]
                self._part.write(taken)
                self._filled += len(taken)
                rest = rest[len(taken) :]

    def _send(self) -> None:
        """Send what is there as the next part."""
        if self._multipart_id is None:
            answer = s3_calls.call(self._client, "create_multipart_upload", self._where)
            self._multipart_id = answer["UploadId"]
        number = len(self._parts) + 1
        self._part.seek(0)
        digest = hashlib.file_digest(self._part, partial(hashlib.md5, usedforsecurity=False)).digest()
        self._part.seek(0)
        md5 = base64.b64encode(digest).decode()
        which = {"UploadId": self._multipart_id, "PartNumber": number}
        body = {"Body": self._part, "ContentLength": self._filled, "ContentMD5": md5}
        answer = self._asked(s3_calls.call, "upload_part", self._where | which | body)
        self._parts.append({"PartNumber": number, "ETag": answer["ETag"]})
        self._empty()

    def _finish(self, expected: Expected, chunks: list[Chunk]) -> Stored:
        self._take(chunks)
        sha256, md5 = self._sha256.digest(), None if self._md5 is None else self._md5.digest()
        expected.check(self._size, sha256, md5)
        if self._multipart_id is None:
            s3_calls.put(self._client, self._where, self._part, sha256)
        else:
            self._send()
            self._asked(s3_calls.complete, self._where, self._multipart_id, self._parts, self._size)
            self._multipart_id = None
        self._part.close()
        return Stored(self._key, self._size, sha256, md5)

    def _asked(self, ask: Callable[..., Any], *args: Any) -> Any:
        """What S3 answers about the multipart upload. While it fails, nobody waits for it to end that too."""
        try:
            return ask(self._client, *args)
        except Unavailable:
            self._multipart_id = None  # the collector finds it
            raise

    def _empty(self) -> None:
        self._part.seek(0)
        self._part.truncate()
        self._filled = 0

    def _undo(self) -> None:
        self._part.close()
        multipart_id, self._multipart_id = self._multipart_id, None
        if multipart_id is not None:
            where = self._where | {"UploadId": multipart_id}
            with contextlib.suppress(StoreError):  # the collector finds it; why it was given up must be told
                s3_calls.call(self._client, "abort_multipart_upload", where, absent_ok=True)


class S3PieceWriter:
    """Writes one part of a multipart upload; `where` names the upload and the part."""

    def __init__(
        self, client: Any, executor: Executor, release: Callable[[], None], where: dict[str, Any]
    ) -> None:
        self._client = client
        self._batches = Batches(executor, self._take)
        self._turn = _Turn(release)
        self._where = where
        self._file: IO[bytes] | None = None
        self._md5 = hashlib.md5(usedforsecurity=False)
        self._size = 0

    async def write(self, chunk: Chunk) -> None:
        await self._batches.write(chunk)

    async def commit(self, expected: Expected = ANYTHING) -> Piece:
        piece = await self._batches.finish(partial(self._finish, expected))
        self._turn.over()
        return piece

    async def abort(self) -> None:
        try:
            await self._batches.abort(self._close)
        finally:
            self._turn.over()

    def _take(self, chunks: list[Chunk]) -> None:
        if self._file is None:
            self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed by commit or abort
        for chunk in chunks:
            self._md5.update(chunk)
            self._file.write(chunk)
            self._size += len(chunk)

    def _finish(self, expected: Expected, chunks: list[Chunk]) -> Piece:
        self._take(chunks)
        expected.check(self._size, None, self._md5.digest())
        assert self._file is not None
        self._file.seek(0)
        md5 = base64.b64encode(self._md5.digest()).decode()
        body = {"Body": self._file, "ContentLength": self._size, "ContentMD5": md5}
        answer = s3_calls.call(self._client, "upload_part", self._where | body)
        self._close()
        return Piece(self._where["PartNumber"], self._size, answer["ETag"].strip('"'))

    def _close(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            file.close()
