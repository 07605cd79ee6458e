"""A file on its way to the server: opened, looked at, hashed and read where it lies.

It may change meanwhile. Its size when it is opened is what counts.
"""

from __future__ import annotations

import os
import stat
import threading
import time
from typing import BinaryIO

from ..hashing import Digest, Hasher, hash_range
from .ledger import Sent
from .meter import Meter

SMALL_BYTES = 1 << 20  # up to here a file is read once, and goes in one request: that costs less than asking
RACY_NS = 2_000_000_000  # file systems with coarse times count by up to two seconds


class Vanished(Exception):
    """The file is not there any more, or may not be read."""


class Unstable(Exception):
    """The file changed while it was read: what was sent so far is worth nothing."""


class Needless(Exception):
    """What is being sent is of no use to the server any more."""


class Window:
    """`size` bytes of a file from `offset`, as a body to send; what is read is counted."""

    def __init__(
        self, file: BinaryIO, offset: int, size: int, meter: Meter, needless: threading.Event
    ) -> None:
        self._descriptor = file.fileno()
        self._offset = offset
        self._left = size
        self._meter = meter
        self._needless = needless

    def read(self, count: int = -1) -> bytes:
        """The next bytes; Unstable if the file has become shorter, Needless once that is said."""
        if self._needless.is_set():
            raise Needless
        count = self._left if count < 0 else min(count, self._left)
        if not count:
            return b""
        data = os.pread(self._descriptor, count, self._offset)
        if not data:
            raise Unstable("it became shorter while it was read")
        self._offset += len(data)
        self._left -= len(data)
        self._meter.add(len(data))
        return data


def open_file(local: str) -> BinaryIO:
    """The file, open for reading; Vanished with the reason if that cannot be."""
    # A pipe that took the place of the file must not be waited for.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
    try:
        descriptor = os.open(local, flags)
    except OSError as error:
        raise Vanished(error.strerror or str(error)) from error
    mode = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(mode):
        os.close(descriptor)
        raise Vanished("it is a directory" if stat.S_ISDIR(mode) else "it is not a regular file any more")
    return os.fdopen(descriptor, "rb")


def check_unchanged(file: BinaryIO, seen: os.stat_result, size: int) -> None:
    """Unstable if the `size` bytes that were read are not all of what the file was when it was `seen`."""
    now = os.fstat(file.fileno())
    changed = (now.st_size, now.st_mtime_ns) != (seen.st_size, seen.st_mtime_ns)
    # Growth leaves the bytes that were read as they were.
    if size != seen.st_size or (changed and now.st_size <= seen.st_size):
        raise Unstable("it changed while it was read")


def sent_as(digest: Digest, file_id: int | str, seen: os.stat_result, seen_ns: int) -> Sent:
    """The note of what was sent of a file that looked like `seen` at the time `seen_ns`."""
    return Sent(
        size=digest.size,
        sha256=digest.sha256,
        file_id=file_id,
        inode=seen.st_ino,
        mtime_ns=seen.st_mtime_ns,
        racy=seen_ns - seen.st_mtime_ns < RACY_NS,
    )


class Subject:
    """An open file as it was when it was looked at, and its digest once that was made."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self.seen_ns = time.time_ns()
        self.seen = os.fstat(file.fileno())
        self.size = self.seen.st_size
        self.small = os.pread(file.fileno(), SMALL_BYTES, 0) if self.size <= SMALL_BYTES else None
        self.hashed: Digest | None = None

    @property
    def look(self) -> str:
        """What another content of the file would most likely change."""
        return f"{self.seen.st_ino} {self.size} {self.seen.st_mtime_ns}"

    def digest(self) -> Digest:
        """The digest, made when it is first asked for. Unstable if the file changed since it was seen."""
        if self.hashed is None:
            digest = _digest(self.file, self.size, self.small)
            check_unchanged(self.file, self.seen, digest.size)
            self.hashed = digest
        return self.hashed

    def sent(self, file_id: int | str) -> Sent:
        """The note of what was sent."""
        return sent_as(self.digest(), file_id, self.seen, self.seen_ns)


def _digest(file: BinaryIO, size: int, data: bytes | None) -> Digest:
    """Of the bytes that were read already, or else of the first `size` ones of the file."""
    if data is None:
        return hash_range(file, 0, size).digest()
    hasher = Hasher()
    hasher.update(data[:size])
    return hasher.digest()


def still_as_sent(local: str, sent: Sent) -> bool:
    """Whether the file looks as it did when it was sent, by its identity, size and time."""
    try:
        now = os.stat(local)
    except OSError:
        return True  # gone: what was sent stays, there is nothing newer
    return (now.st_ino, now.st_size, now.st_mtime_ns) == (sent.inode, sent.size, sent.mtime_ns)
