"""Growing files: only the appended tail is sent, as long as the part that was sent before is unchanged.

Up to PREFIX_READ_BYTES of that part are read again and hashed; of a larger file its first and last bytes are
compared. At the end of the run every file that grew is read whole once and compared with what the server
holds.
"""

from __future__ import annotations

import hashlib
import os
import time
from dataclasses import dataclass
from typing import BinaryIO

from ..client import Target
from ..errors import ServerError
from ..hashing import Hasher, hash_range
from .ledger import Sent, Tracked
from .meter import Meter
from .subject import Unstable, open_file, sent_as

PREFIX_READ_BYTES = 16 << 20
PROBE_BYTES = 64 << 10
TAIL_MAX_BYTES = 4 << 20  # of one request


@dataclass(slots=True)
class _Growth:
    """What is remembered of a file's sent part: its hash so far, its first and its last bytes."""

    hasher: Hasher
    first: bytes
    last: bytes


class Tails:
    """Sends appended bytes; remembers growing files of one run. One file is never in two threads at once."""

    def __init__(self, target: Target, meter: Meter) -> None:
        self._target = target
        self._meter = meter
        self._growing: dict[str, _Growth] = {}

    def send(self, tracked: Tracked) -> Sent | None:
        """Send what was appended; None if the file did not merely grow, so that it must be sent whole."""
        sent = tracked.sent
        if sent is None or sent.size == 0:
            return None
        with open_file(tracked.local) as file:
            seen_ns = time.time_ns()
            seen = os.fstat(file.fileno())
            if seen.st_ino != sent.inode or seen.st_size <= sent.size:
                return None
            growth = self._unchanged_prefix(file, tracked.path, sent)
            if growth is None:
                return None
            try:
                while growth.hasher.size < seen.st_size:
                    self._append(file, sent.file_id, growth, seen.st_size)
            except ServerError:
                # Another writer appended, or the file was deleted there: it is sent whole.
                self._growing.pop(tracked.path, None)
                return None
            growth.last = _probe(file, growth.hasher.size)
            self._growing[tracked.path] = growth
            result = sent_as(growth.hasher.digest(), sent.file_id, seen, seen_ns)
            result.appended = True
            return result

    def _unchanged_prefix(self, file: BinaryIO, path: str, sent: Sent) -> _Growth | None:
        known = self._growing.get(path)
        if known is not None and known.hasher.size == sent.size > PREFIX_READ_BYTES:
            first = os.pread(file.fileno(), len(known.first), 0)
            return known if first == known.first and _probe(file, sent.size) == known.last else None
        hasher = hash_range(file, 0, sent.size, Hasher(md5=False))
        if hasher.digest().sha256 != sent.sha256:
            return None
        return _Growth(
            hasher, os.pread(file.fileno(), min(PROBE_BYTES, sent.size), 0), _probe(file, sent.size)
        )

    def _append(self, file: BinaryIO, file_id: int | str, growth: _Growth, size: int) -> None:
        offset = growth.hasher.size
        data = os.pread(file.fileno(), min(TAIL_MAX_BYTES, size - offset), offset)
        if not data:
            raise Unstable("it became shorter while it was read")
        self._target.append(file_id, offset, data, hashlib.sha256(data).hexdigest())
        self._meter.add(len(data))
        growth.hasher.update(data)


def _probe(file: BinaryIO, end: int) -> bytes:
    start = max(0, end - PROBE_BYTES)
    return os.pread(file.fileno(), end - start, start)
