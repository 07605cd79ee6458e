"""One file to the server: hash, ask, send what is missing, register.

The file is read where it lies and may change meanwhile. Its size when it is opened is what counts; the hash
is announced first and the server verifies it, so what is registered is what the file was at one moment, or
nothing is.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, BinaryIO

from ..client import Target
from ..content_type import HEAD_BYTES, content_type
from ..errors import Absent, Conflict, Denied, Mismatch, ServerError, Unreachable
from ..hashing import Digest, Hasher, hash_range
from .ledger import Sent, Tracked
from .meter import Meter

SMALL_BYTES = (
    1 << 20
)  # up to here a file goes in one request, which costs less than asking whether it is stored
PART_THREADS = 4
PART_TRIES = 4
RACY_NS = 2_000_000_000  # file systems with coarse times count by up to two seconds


class Vanished(Exception):
    """The file is not there any more, or may not be read."""


class Unstable(Exception):
    """The file changed while it was read: what was sent so far is worth nothing."""


class Window:
    """`size` bytes of a file from `offset`, as a body to send; what is read is counted."""

    def __init__(self, file: BinaryIO, offset: int, size: int, meter: Meter) -> None:
        self._descriptor = file.fileno()
        self._offset = offset
        self._left = size
        self._meter = meter

    def read(self, count: int = -1) -> bytes:
        """The next bytes; Unstable if the file has become shorter."""
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


class Transfer:
    """Sends files to one target; its methods may run in several threads at once."""

    def __init__(self, target: Target, meter: Meter) -> None:
        self._target = target
        self._meter = meter

    def send(self, tracked: Tracked, note: Callable[[], None] = lambda: None) -> Sent:
        """Bring the server to hold the file as it is now; `note` is called when an upload was begun.

        Vanished, Unstable, Unreachable, or the ServerError of a refusal.
        """
        with open_file(tracked.local) as file:
            seen_ns = time.time_ns()
            seen = os.fstat(file.fileno())
            small = os.pread(file.fileno(), SMALL_BYTES, 0) if seen.st_size <= SMALL_BYTES else None
            digest = _digest(file, seen.st_size, small)
            check_unchanged(file, seen, digest.size)
            known = tracked.sent
            same = known is not None and (known.size, known.sha256) == (digest.size, digest.sha256)
            if known and same and not (tracked.confirm and self._target.lacks(known.file_id, digest.sha256)):
                return sent_as(digest, known.file_id, seen, seen_ns)
            if small is not None:
                entry = self._put_small(tracked.path, small[: digest.size], digest)
            else:
                entry = self._publish(file, tracked, digest, note)
            return sent_as(digest, entry["id"], seen, seen_ns)

    def _put_small(self, path: str, data: bytes, digest: Digest) -> dict[str, Any]:
        hashes = {"md5": digest.md5, "sha256": digest.sha256}
        kind = content_type(path, data[:HEAD_BYTES])
        try:
            entry = self._target.put(path, data, content_type=kind, **hashes)
        except Mismatch as error:
            raise Unstable("it changed while it was read") from error
        self._meter.add(len(data))
        return entry

    def _publish(
        self, file: BinaryIO, tracked: Tracked, digest: Digest, note: Callable[[], None]
    ) -> dict[str, Any]:
        kind = content_type(tracked.path, os.pread(file.fileno(), HEAD_BYTES, 0))
        hashes = {"md5": digest.md5, "sha256": digest.sha256}
        failures, missing = 0, 0
        while True:
            upload = self._begun(tracked, digest) or self._target.request(
                path=tracked.path, size=digest.size, content_type=kind, **hashes
            )
            if upload["parts"] is not None:
                tracked.upload = [upload["upload_id"], digest.sha256]
                note()
                failures = 0 if len(upload["parts"]) < missing else failures
                missing = len(upload["parts"])
            try:
                if not upload["already_stored"]:
                    self._send_bytes(file, upload, digest.size)
                entry = self._target.register(upload["upload_id"])
                tracked.upload = None
                return entry
            except Mismatch as error:
                tracked.upload = None
                raise Unstable("it changed while it was read") from error
            except (Absent, Conflict, Denied):
                # The upload is not what we were told any more: its URLs expired, or it was dropped. A large
                # file may take longer than a URL is good for, so as long as parts arrive it goes on.
                failures += 1
                if failures == 2:
                    raise
            tracked.upload = None

    def _begun(self, tracked: Tracked, digest: Digest) -> dict[str, Any] | None:
        """An upload in parts that was cut off, if its content is the same: what is missing goes on."""
        if tracked.upload is None or tracked.upload[1] != digest.sha256:
            return None
        try:
            return self._target.resume(tracked.upload[0])
        except (Absent, Conflict):
            return None

    def _send_bytes(self, file: BinaryIO, upload: dict[str, Any], size: int) -> None:
        parts = upload.get("parts")
        if parts is None:
            self._put(file, upload, 0, size)
            return
        with ThreadPoolExecutor(min(PART_THREADS, len(parts)) or 1) as threads:
            sends = [threads.submit(self._put, file, part, part["offset"], part["size"]) for part in parts]
            try:
                for each in sends:
                    each.result()
            except BaseException:
                for each in sends:
                    each.cancel()
                raise

    def _put(self, file: BinaryIO, where: dict[str, Any], offset: int, size: int) -> None:
        for attempt in range(1, PART_TRIES + 1):
            body: Any = Window(file, offset, size, self._meter) if size else b""
            try:
                self._target.transport.put(where["upload_url"], where["method"], where["headers"], body, size)
            except Unreachable:
                if attempt == PART_TRIES:
                    raise
                time.sleep(0.2 * 2**attempt)
            except ServerError as error:
                if error.status == 412:  # S3 takes a URL once: it has the bytes, only its answer was lost
                    return
                if error.status == 400:  # S3 compared what came with the hash that was signed
                    raise Unstable("it changed while it was read") from error
                raise
            else:
                return


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
