"""Blobs as files of one folder.

Layout: `ab/abcdef...` are blobs, by their key's first two letters so that no folder grows large; `tmp/` holds
what is being written, `pieces/KEY` the parts of a multipart upload, each at its own offset of one file.

A blob is born by: temporary file, write, fsync, rename, fsync of its folder. Power cuts were survived only
with all of these, in this order.
"""

import asyncio
import hashlib
import mmap
import os
import secrets
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TypeVar

from store.blobs import disk
from store.blobs.batches import Batches, Chunk
from store.blobs.blobs import (
    ANYTHING,
    OWNER,
    Expected,
    Found,
    Piece,
    Signed,
    Stored,
    Whole,
    check_key,
    is_key,
)
from store.blobs.hash_behind import HashBehind
from store.blobs.local_pieces import LocalPieceWriter, join
from store.errors import NoSpace, StoreError, Unavailable

RESERVE_BYTES = 256 * 1024 * 1024  # at most, of 5 % of the disk: left free so that the catalog can be written
VIEWS_MAX = 256  # mapped blobs that are kept; each holds a file descriptor
WRITER_THREADS = 4
PUT_AT_ONCE = 32  # small blobs that are worth a thread
READER_THREADS = 4
HASHER_THREADS = 2
BEHIND_MAX = 256  # uploads in parts that are hashed while they come; more are hashed when joined

T = TypeVar("T")


class LocalBlobs:
    """Blobs in a folder, which is made with its sub-folders. Blocking to construct. Errors: Unavailable."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._tmp = folder / "tmp"
        self._pieces = folder / "pieces"
        self._views: OrderedDict[str, memoryview] = OrderedDict()
        self._writers = ThreadPoolExecutor(WRITER_THREADS, thread_name_prefix="blob-writer")
        self._readers = ThreadPoolExecutor(READER_THREADS, thread_name_prefix="blob-reader")
        self._hashers = ThreadPoolExecutor(HASHER_THREADS, thread_name_prefix="blob-hasher")
        self._behind: dict[str, HashBehind] = {}
        try:
            for part in (folder, self._tmp, self._pieces, *(folder / f"{n:02x}" for n in range(256))):
                part.mkdir(mode=0o700, parents=True, exist_ok=True)
            disk.sync_folder(folder)
        except OSError as error:
            raise Unavailable(f"cannot use the blob folder {folder}: {error.strerror}") from error

    async def writer(self, key: str, *, size: int | None = None, md5: bool = True) -> "LocalWriter":
        self._make_room(size or 0)
        return self._writer(key, md5)

    def _writer(self, key: str, md5: bool) -> "LocalWriter":
        return LocalWriter(self._writers, self._tmp / secrets.token_hex(16), self._file(key), md5)

    async def put_all(self, blobs: Sequence[Whole]) -> list[Stored | StoreError]:
        self._make_room(sum(len(blob.data) for blob in blobs))
        # A hop between threads costs more than a small blob: each thread takes many.
        count = max(-(-len(blobs) // WRITER_THREADS), PUT_AT_ONCE)
        shares = [blobs[at : at + count] for at in range(0, len(blobs), count)]
        put = await asyncio.gather(*(self._in(self._writers, self._put_each, share) for share in shares))
        return [outcome for outcomes in put for outcome in outcomes]

    def _put_each(self, blobs: Sequence[Whole]) -> list[Stored | StoreError]:
        outcomes: list[Stored | StoreError] = []
        for blob in blobs:
            writer = self._writer(blob.key, md5=True)
            try:
                outcomes.append(writer.put(blob.data, blob.expected))
            except StoreError as error:
                outcomes.append(error)
        return outcomes

    async def claim(self, owner: str) -> str:
        return await self._in(self._writers, disk.written_once, self._folder / OWNER, owner)

    async def check(self) -> None:
        if not await self._in(self._readers, self._tmp.is_dir):
            raise Unavailable(f"the blob folder {self._folder} is not there any more")

    async def read(self, key: str, offset: int, count: int, size: int | None = None) -> bytes:
        return await self._in(self._readers, disk.read_at, self._file(key), offset, count)

    def view(self, key: str) -> memoryview | None:
        view = self._views.get(key)
        if view is not None:
            self._views.move_to_end(key)
            return view
        try:
            with disk.open_for_reading(self._file(key)) as file:
                if os.fstat(file.fileno()).st_size == 0:
                    return memoryview(b"")
                # The map lives as long as a view of it does, also when it fell out of here or was deleted.
                view = memoryview(mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ))
        except FileNotFoundError:
            return None
        except OSError as error:
            raise disk.refusal(error) from error
        self._views[key] = view
        if len(self._views) > VIEWS_MAX:
            self._views.popitem(last=False)
        return view

    def path(self, key: str) -> Path | None:
        return self._file(key)

    async def size(self, key: str) -> int | None:
        try:
            # On the loop: quicker than a thread hop.
            return os.stat(self._file(key), follow_symlinks=False).st_size  # noqa: PTH116
        except FileNotFoundError:
            return None
        except OSError as error:
            raise disk.refusal(error) from error

    async def delete(self, key: str) -> None:
        self._views.pop(key, None)
        await self._in(self._writers, disk.remove, self._file(key))

    async def keys(self) -> AsyncIterator[Found]:
        for number in range(256):
            name = f"{number:02x}"
            for found in sorted(await self._in(self._readers, disk.listed, self._folder / name)):
                if is_key(found.key) and found.key.startswith(name):  # others may leave files here too
                    yield found

    async def begin_pieces(self, key: str) -> str:
        self._file(key)
        return key

    async def piece_writer(self, key: str, multipart_id: str, number: int, offset: int) -> "LocalPieceWriter":
        self._make_room(0)
        file = self._pieces_of(key)
        behind = self._behind.get(key)
        if behind is None:
            behind = HashBehind(file, self._hashers.submit)
            if len(self._behind) < BEHIND_MAX:
                self._behind[key] = behind
        return LocalPieceWriter(self._writers, file, number, offset, behind)

    async def join(self, key: str, multipart_id: str, pieces: Sequence[Piece], *, md5: bool = True) -> Stored:
        size = sum(piece.size for piece in pieces)
        behind = self._behind.pop(key, None)
        return await self._in(self._writers, join, self._pieces_of(key), self._file(key), size, md5, behind)

    async def pieces(self, key: str, multipart_id: str) -> list[Piece] | None:
        return None

    async def measure(self, key: str, expected: Expected) -> Stored | None:
        return None

    def sign_put(self, key: str, expected: Expected, expires_s: int) -> Signed | None:
        return None

    def sign_piece(
        self, key: str, multipart_id: str, number: int, size: int, expires_s: int
    ) -> Signed | None:
        return None

    def sign_get(self, key: str, headers: Mapping[str, str], expires_s: int) -> Signed | None:
        return None

    async def drop_pieces(self, key: str, multipart_id: str) -> None:
        self._behind.pop(key, None)
        await self._in(self._writers, disk.remove, self._pieces_of(key))

    async def clear_unfinished(self, before_ns: int, keep: Collection[str] = ()) -> int:
        return await self._in(self._writers, disk.clear, self._tmp, before_ns)

    async def close(self) -> None:
        self._views.clear()
        self._writers.shutdown(wait=True)
        self._readers.shutdown(wait=True)
        self._hashers.shutdown(wait=True, cancel_futures=True)

    def _make_room(self, size: int) -> None:
        """NoSpace unless that many bytes fit and some are left for the catalog, which must never be full."""
        about = os.statvfs(self._folder)
        free = about.f_bavail * about.f_frsize
        reserve = min(RESERVE_BYTES, about.f_blocks * about.f_frsize // 20)
        if size + reserve > free:
            left = max(free - reserve, 0)
            raise NoSpace(f"{size} bytes do not fit: {left} are left on the disk of {self._folder}")

    def _file(self, key: str) -> Path:
        return self._folder / check_key(key)[:2] / key

    def _pieces_of(self, key: str) -> Path:
        return self._pieces / check_key(key)

    async def _in(self, executor: ThreadPoolExecutor, work: Callable[..., T], *args: object) -> T:
        return await asyncio.get_running_loop().run_in_executor(executor, disk.translated(work), *args)


class LocalWriter:
    """Writes one blob: hashed and written in a thread, batch by batch."""

    def __init__(self, executor: ThreadPoolExecutor, temporary: Path, target: Path, md5: bool) -> None:
        self._batches = Batches(executor, disk.translated(self._take))
        self._temporary = temporary
        self._target = target
        self._fd = -1
        self._size = 0
        self._sha256 = hashlib.sha256()
        self._md5 = hashlib.md5(usedforsecurity=False) if md5 else None

    async def write(self, chunk: Chunk) -> None:
        await self._batches.write(chunk)

    async def commit(self, expected: Expected = ANYTHING) -> Stored:
        return await self._batches.finish(disk.translated(partial(self._finish, expected)))

    async def abort(self) -> None:
        await self._batches.abort(disk.translated(self._undo))

    def put(self, data: Chunk, expected: Expected) -> Stored:
        """Write and commit at once, in the calling thread; nothing is left after an error."""
        try:
            return disk.translated(self._finish)(expected, [data])
        except BaseException:
            self._undo()
            raise

    def _take(self, chunks: list[Chunk]) -> None:
        if self._fd < 0:
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
            self._fd = os.open(self._temporary, flags, 0o600)
        for chunk in chunks:
            self._sha256.update(chunk)
            if self._md5 is not None:
                self._md5.update(chunk)
        self._size += disk.write_all(self._fd, chunks, self._size)

    def _finish(self, expected: Expected, chunks: list[Chunk]) -> Stored:
        self._take(chunks)
        sha256, md5 = self._sha256.digest(), None if self._md5 is None else self._md5.digest()
        expected.check(self._size, sha256, md5)
        os.fsync(self._fd)
        self._close()
        disk.publish(self._temporary, self._target)
        return Stored(self._target.name, self._size, sha256, md5)

    def _undo(self) -> None:
        self._close()
        disk.remove(self._temporary)

    def _close(self) -> None:
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)
