"""The SHA-256 of a file that comes in parts, made behind them instead of after them.

A hash goes only forwards, parts come in any order and may come again. So whenever parts are durable without a
gap from the start, a thread reads them back, from memory as a rule, and goes on; once the last has come there
is little left to read. Whoever is about to write says so first: what was hashed of those bytes or after them
is then forgotten, and nothing beyond their start is read until they are durable. So the hash is always of
what is in the file. It lives in memory only: after a restart the file is read once, at the end.
"""

import errno
import hashlib
import os
import threading
from collections.abc import Callable
from pathlib import Path

from store.blobs.disk import READ_BYTES


class HashBehind:
    """Follows one file. Its calls block for the time of one read of READ_BYTES at most; `finish` reads."""

    def __init__(self, file: Path, start: Callable[[Callable[[], None]], object]) -> None:
        """`start` runs what it is given in a thread."""
        self._file = file
        self._start = start
        self._lock = threading.Lock()
        self._parts: dict[int, int] = {}  # offset to size, of the durable ones
        self._writing: dict[int, int] = {}  # offset to how many write from there
        self._limit = 0  # where the gapless durable parts end
        self._at = 0  # bytes hashed
        self._sha256 = hashlib.sha256()
        self._running = False
        self._over = False

    def before(self, offset: int) -> None:
        """Somebody is about to write from `offset` on: what is there is not to be believed any more."""
        with self._lock:
            self._writing[offset] = self._writing.get(offset, 0) + 1
            self._parts.pop(offset, None)
            self._limit = min(self._limit, offset)
            if offset < self._at:
                self._at, self._sha256 = 0, hashlib.sha256()

    def durable(self, offset: int, size: int) -> None:
        """Who said `before` is through, and the bytes will stay as they are."""
        with self._lock:
            self._stopped(offset)
            if offset not in self._writing:
                self._parts[offset] = size
            self._extend()
            if self._running or self._over or self._limit <= self._at:
                return
            self._running = True
        self._start(self._follow)

    def given_up(self, offset: int) -> None:
        """Who said `before` is through, and nobody knows what is there."""
        with self._lock:
            self._stopped(offset)

    def finish(self, size: int) -> bytes:
        """The SHA-256 of the file's first `size` bytes, which nobody writes any more. Blocking: OSError."""
        with self._lock:
            self._over = True
            if self._at > size:
                self._at, self._sha256 = 0, hashlib.sha256()
            with self._file.open("rb", buffering=0) as file:
                while self._at < size:
                    if not self._read(file.fileno(), size):
                        raise OSError(errno.EIO, f"{self._file} ends at {self._at} bytes")
            return self._sha256.digest()

    def _stopped(self, offset: int) -> None:
        left = self._writing.pop(offset) - 1
        if left:
            self._writing[offset] = left

    def _extend(self) -> None:
        """Past each part that follows, unless it reaches into what somebody writes."""
        while size := self._parts.get(self._limit):
            if any(self._limit < offset < self._limit + size for offset in self._writing):
                return
            self._limit += size

    def _follow(self) -> None:
        try:
            with self._file.open("rb", buffering=0) as file:
                while self._step(file.fileno()):
                    pass
        except OSError:  # `finish` meets it too, and tells
            with self._lock:
                self._running = False

    def _step(self, fd: int) -> bool:
        with self._lock:
            if not self._over and self._at < self._limit and self._read(fd, self._limit):
                return True
            self._running = False
            return False

    def _read(self, fd: int, end: int) -> int:
        piece = os.pread(fd, min(READ_BYTES, end - self._at), self._at)
        self._sha256.update(piece)
        self._at += len(piece)
        return len(piece)
