"""The parts of one blob of a folder: each written at its own offset of one file, durable by itself."""

import os
from concurrent.futures import Executor
from functools import partial
from pathlib import Path

from store.blobs import disk
from store.blobs.batches import Batches, Chunk
from store.blobs.blobs import ANYTHING, Expected, Piece, Stored
from store.blobs.hash_behind import HashBehind


class LocalPieceWriter:
    """Writes one part. No hash of it alone is made: nobody announces one, and the whole is measured."""

    def __init__(self, executor: Executor, file: Path, number: int, offset: int, behind: HashBehind) -> None:
        self._batches = Batches(executor, disk.translated(self._take))
        self._file = file
        self._number = number
        self._offset = offset
        self._behind = behind
        self._size = 0
        self._fd = -1

    async def write(self, chunk: Chunk) -> None:
        await self._batches.write(chunk)

    async def commit(self, expected: Expected = ANYTHING) -> Piece:
        return await self._batches.finish(disk.translated(partial(self._finish, expected)))

    async def abort(self) -> None:
        await self._batches.abort(self._give_up)

    def _take(self, chunks: list[Chunk]) -> None:
        if self._fd < 0:
            flags = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
            self._fd = os.open(self._file, flags, 0o600)
            self._behind.before(self._offset)
        self._size += disk.write_all(self._fd, chunks, self._offset + self._size)

    def _finish(self, expected: Expected, chunks: list[Chunk]) -> Piece:
        self._take(chunks)
        expected.check(self._size, None, None)
        os.fsync(self._fd)
        disk.sync_folder(self._file.parent)  # the first part made the file
        self._close()
        self._behind.durable(self._offset, self._size)
        return Piece(self._number, self._size, "")

    def _give_up(self) -> None:
        if self._fd >= 0:
            self._close()
            self._behind.given_up(self._offset)

    def _close(self) -> None:
        fd, self._fd = self._fd, -1
        os.close(fd)


def join(pieces: Path, target: Path, size: int, md5: bool, behind: HashBehind | None) -> Stored:
    """Make the blob `target` of the parts' file, cut to `size`, measured and durable. Blocking: OSError.

    `behind` has hashed of it what it could; it knows no MD5, and nothing of an earlier process.
    """
    source = pieces if pieces.exists() else target  # joined already, by someone who then died
    with source.open("r+b") as file:
        file.truncate(size)  # a part that was sent twice may have been longer at first
        os.fsync(file.fileno())
    if source is pieces and behind is not None and not md5:
        stored = Stored(target.name, size, behind.finish(size), None)
    else:
        stored = Stored(target.name, *disk.hash_file(source, md5))
    if source is pieces:
        disk.publish(pieces, target)
    return stored
