"""A stored version's bytes into a local file: ranges side by side, hashed in order behind them.

Threads fetch the ranges in order and write each at its place. The caller's thread follows and hashes what is
there without a gap, out of memory that was just written; they never get far ahead of it, for one processor
would then hash alone at the end. A range that breaks off goes on where it ended. A
download that was given up leaves FILE.HASH.partial, and the next one of the same content goes on with what is
in it before its first hole; the hash of the whole decides.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import sys
import threading
from typing import TYPE_CHECKING, Any

from .errors import Denied, Mismatch, Unreachable

if TYPE_CHECKING:
    from .transport import Transport

RANGE_BYTES = 16 << 20  # of one request
READ_BYTES = 256 << 10  # at a time: what is larger leaves the processor's cache before it is written
THREADS = 4
TRIES = 5  # in a row that bring no byte of a range
PAUSE_S = 0.5  # after the first of them, more after each
AHEAD_BYTES = 128 << 20  # of the hash, which would else have much to read when nothing is left to fetch
KEPT_BYTES = 1 << 20  # what is gone on with ends at a multiple of this


class Source:
    """The bytes of one version: from the server, or a large one's from where it lies, by a signed URL."""

    def __init__(self, transport: Transport, file_id: int, version: int, size: int) -> None:
        from .transport import path

        self._transport = transport
        self._query = f"?version={version}"  # named, so that a replacement does not mix two contents
        self._content = path("runs", "files", file_id, "content")
        self._question = path("runs", "files", file_id, "download-url")
        self._is_large = size > RANGE_BYTES
        self._signed: tuple[str, dict[str, str]] | None = None
        self._mutex = threading.Lock()
        self.size = size

    def open(self, start: int, stop: int) -> Any:
        """An answer with the bytes from `start` to `stop`; Unreachable, or the ServerError of a refusal."""
        ranged = {} if (start, stop) == (0, self.size) else {"Range": f"bytes={start}-{stop - 1}"}
        where, headers = self._way()
        try:
            response = self._transport.open(where, {**headers, **ranged})
        except Denied:
            if not self._is_large:
                raise
            where, headers = self._way(expired=where)
            response = self._transport.open(where, {**headers, **ranged})
        if start and response.status != 206:
            response.close()
            raise Unreachable(f"{self._transport.url} gives the whole file where a part is asked for")
        return response

    def read(self, response: Any, count: int) -> bytes:
        """The next bytes of an answer, empty at its end."""
        return self._transport.read(response, count)

    def _way(self, expired: str | None = None) -> tuple[str, dict[str, str]]:
        if not self._is_large:
            return self._content + self._query, {}
        with self._mutex:
            if self._signed is None or self._signed[0] == expired:
                told = self._transport.call("GET", self._question + self._query)
                self._signed = told["download_url"], told["headers"]
            return self._signed


def save(source: Source, sha256: str | None, local: str) -> None:
    """Let the file `local` hold the bytes of a source: it appears, or changes, when they are whole and right.

    Mismatch if they are not what `sha256` says. When the bytes stop coming (Unreachable), or somebody
    interrupts, what came is kept for the next call.
    """
    partial, file = _opened(local, sha256)
    try:
        begun = _without_holes(file, source.size)
        found = _Fetch(source, file, begun).run()
        if begun and found != sha256:
            found = _Fetch(source, file, 0).run()
        if sha256 not in (None, found):
            raise Mismatch(200, f"{local} did not arrive as it is stored: download it again")
        os.replace(partial, local)
    except BaseException as error:
        if sha256 is None or not isinstance(error, Unreachable | KeyboardInterrupt):
            with contextlib.suppress(OSError):
                os.unlink(partial)
        raise
    finally:
        _let_go(file)


def _opened(local: str, sha256: str | None) -> tuple[str, int]:
    """A file for what is to become `local`, to which nobody else writes, and its descriptor."""
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOFOLLOW", 0)
    if sha256 is not None and sys.platform != "win32":
        import fcntl

        partial = f"{local}.{sha256[:16]}.partial"
        file = os.open(partial, flags, 0o666)
        with contextlib.suppress(OSError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Whoever had it until now may have renamed or removed it.
            if os.path.samestat(os.fstat(file), os.stat(partial)):
                return partial, file
        os.close(file)
    # Somebody else is fetching the same, or what comes cannot be told from another content.
    partial = f"{local}.{os.getpid()}-{threading.get_ident()}.partial"
    return partial, os.open(partial, flags | os.O_EXCL, 0o666)


def _let_go(file: int) -> None:
    if sys.platform != "win32":
        import fcntl

        fcntl.flock(file, fcntl.LOCK_UN)  # a thread that is still waiting for bytes has its descriptor too
    os.close(file)


def _without_holes(file: int, size: int) -> int:
    """How many bytes at the beginning of the file were written; at most `size`."""
    there = min(os.fstat(file).st_size, size)
    if there and hasattr(os, "SEEK_HOLE"):
        there = min(there, os.lseek(file, 0, os.SEEK_HOLE))
    return there - there % KEPT_BYTES


def _write(file: int, data: bytes, offset: int) -> None:
    written = os.pwrite(file, data, offset)
    while written < len(data):  # the disk is nearly full: the next call says so
        written += os.pwrite(file, data[written:], offset + written)


class _Fetch:
    """One download under way, of which the first `begun` bytes are there."""

    def __init__(self, source: Source, file: int, begun: int) -> None:
        self._source = source
        self._file = file
        self._ranges = iter(
            [(at, min(at + RANGE_BYTES, source.size)) for at in range(begun, source.size, RANGE_BYTES)]
        )
        self._threads = min(THREADS, -(-(source.size - begun) // RANGE_BYTES))
        self._change = threading.Condition()
        self._fetched: dict[int, int] = {}  # ranges that wait for those before them, by their beginning
        self._without_gap = begun
        self._hashed = begun  # at least: what an earlier call left is hashed beside the first ranges
        self._error: BaseException | None = None
        self._stopping = threading.Event()

    def run(self) -> str:
        """Fetch everything; the SHA-256 of the file."""
        os.ftruncate(self._file, self._source.size)
        for number in range(self._threads):
            # Each has a descriptor of its own: it may outlive a download that is given up.
            file = os.dup(self._file)
            threading.Thread(target=self._work, args=(file,), name=f"download-{number}", daemon=True).start()
        try:
            return self._hash()
        except BaseException:
            self._stopping.set()
            with self._change:
                self._change.notify_all()
            os.ftruncate(self._file, self._without_gap)
            raise

    def _hash(self) -> str:
        hasher = hashlib.sha256()
        at = 0
        while at < self._source.size:
            with self._change:
                self._hashed = max(self._hashed, at)
                self._change.notify_all()
                while self._without_gap <= at and self._error is None:
                    self._change.wait()
                if self._error is not None:
                    raise self._error
                stop = min(self._without_gap, at + RANGE_BYTES)
            while at < stop:
                data = os.pread(self._file, min(READ_BYTES, stop - at), at)
                if not data:
                    raise OSError(errno.EIO, "somebody has shortened a file that is being downloaded")
                hasher.update(data)
                at += len(data)
        return hasher.hexdigest()

    def _work(self, file: int) -> None:
        try:
            while not self._stopping.is_set() and (each := self._next()) is not None:
                if self._fetch(file, *each):
                    self._done(*each)
        except BaseException as error:
            with self._change:
                self._error = self._error or error
                self._change.notify_all()
        finally:
            os.close(file)

    def _next(self) -> tuple[int, int] | None:
        """The next range to fetch, once the hash is near it."""
        with self._change:
            each = next(self._ranges, None)
            while each is not None and each[0] >= self._hashed + AHEAD_BYTES:
                if self._error is not None or self._stopping.is_set():
                    return None
                self._change.wait()
            return each

    def _done(self, start: int, stop: int) -> None:
        with self._change:
            self._fetched[start] = stop
            while self._without_gap in self._fetched:
                self._without_gap = self._fetched.pop(self._without_gap)
            self._change.notify_all()

    def _fetch(self, file: int, start: int, stop: int) -> bool:
        """Fetch one range; whether all of it is there: not when the download was given up meanwhile."""
        at, failures = start, 0
        while at < stop and not self._stopping.is_set():
            began = at
            try:
                response = self._source.open(at, stop)
                try:
                    while at < stop and (data := self._source.read(response, min(READ_BYTES, stop - at))):
                        _write(file, data, at)
                        at += len(data)
                finally:
                    response.release_conn() if at == stop else response.close()
                if at < stop:
                    raise Unreachable(f"the answer ended {stop - at} bytes early")
            except Unreachable:
                failures = 1 if at > began else failures + 1
                if failures == TRIES:
                    raise
                self._stopping.wait(PAUSE_S * failures)
        return at == stop
