"""Records in files: append-only, checksummed, in segments that are removed once they are no longer needed.

A record is its payload's length and CRC-32, both four bytes big-endian, then the payload. One process writes
and another may read at the same time. A record that ends early is one that is still being written, or that a
power cut tore: the reader waits for the rest of it. A record is written with one system call, so a process
that is killed leaves whole records; a write that the disk cut short is taken back before its error is raised.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from struct import Struct
from typing import NamedTuple
from zlib import crc32

HEADER = Struct(">II")
PAYLOAD_MAX_BYTES = 32 << 20
SEGMENT_BYTES = 8 << 20  # a segment that has reached this size is followed by the next
BATCH_BYTES = 1 << 20


class Position(NamedTuple):
    """Where a record begins: its segment's number, from 1, and its offset there."""

    segment: int
    offset: int


START = Position(1, 0)


class Damaged(Exception):
    """Bytes that are not a record, at `position`: the disk or another program changed them."""

    def __init__(self, path: str, position: Position) -> None:
        super().__init__(f"{path} is damaged at byte {position.offset}")
        self.position = position


def segment_path(folder: str, segment: int) -> str:
    """The file that holds a segment."""
    return os.path.join(folder, f"records-{segment:08d}")


def segments(folder: str) -> list[int]:
    """The numbers of the segments in `folder`, in order; empty where there is no such folder."""
    try:
        names = os.listdir(folder)
    except FileNotFoundError:
        return []
    return sorted(int(name[8:]) for name in names if name.startswith("records-") and name[8:].isdigit())


def frame(payload: bytes) -> bytes:
    """A payload as it stands in a file."""
    if len(payload) > PAYLOAD_MAX_BYTES:
        raise ValueError(f"a record of {len(payload)} bytes is over the limit of {PAYLOAD_MAX_BYTES}")
    return HEADER.pack(len(payload), crc32(payload)) + payload


class Writer:
    """Appends records to the segments of a folder, beginning a new one after those that are there."""

    def __init__(self, folder: str, segment_bytes: int = SEGMENT_BYTES) -> None:
        self._folder = folder
        self._segment_bytes = segment_bytes
        self._file = -1
        self._open(max(segments(folder), default=0) + 1)

    def _open(self, segment: int) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0)
        file = os.open(segment_path(self._folder, segment), flags, 0o600)
        if self._file >= 0:
            os.close(self._file)
        self._file = file
        self.segment = segment
        self._size = 0

    def append(self, payload: bytes) -> None:
        """Write one record; OSError if the disk does not take it, and then nothing of it is left."""
        self.append_framed(frame(payload))

    def append_framed(self, data: bytes) -> None:
        """Write bytes that `frame` gave, of one record or of several."""
        if self._size >= self._segment_bytes:
            self._open(self.segment + 1)
        written = os.write(self._file, data)
        if written != len(data):
            os.ftruncate(self._file, self._size)
            os.lseek(self._file, self._size, os.SEEK_SET)
            raise OSError(errno.ENOSPC, "the disk took only a part of a record", self._folder)
        self._size += written

    def close(self) -> None:
        """Let go of the file; what was written stays."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


class Reader:
    """Reads the records of a folder in order, from `position` on, also while they are written."""

    def __init__(self, folder: str, position: Position = START) -> None:
        self._folder = folder
        self.position = position

    def read(self, max_bytes: int = BATCH_BYTES) -> list[bytes]:
        """The payloads that are there, up to `max_bytes` but at least one; moves `position` past them."""
        while True:
            path = segment_path(self._folder, self.position.segment)
            followed = os.path.exists(segment_path(self._folder, self.position.segment + 1))
            payloads, size = self._read_segment(path, max_bytes)
            if payloads:
                self.position = Position(self.position.segment, self.position.offset + size)
                return payloads
            if not followed:
                return []
            # The next segment is begun only when this one is complete, and that was so before we read.
            self.position = Position(self.position.segment + 1, 0)

    def _read_segment(self, path: str, max_bytes: int) -> tuple[list[bytes], int]:
        try:
            file = open(path, "rb")  # noqa: SIM115
        except FileNotFoundError:
            return [], 0
        with file:
            file.seek(self.position.offset)
            data = file.read(max(max_bytes, HEADER.size))
            payloads, size = self._split(data, path)
            if payloads or len(data) < HEADER.size:
                return payloads, size
            length = HEADER.unpack_from(data)[0]
            if length + HEADER.size > len(data):  # one record that is larger than the batch, or not whole yet
                data += file.read(length + HEADER.size - len(data))
            return self._split(data, path)

    def _split(self, data: bytes, path: str) -> tuple[list[bytes], int]:
        payloads: list[bytes] = []
        offset = 0
        while len(data) - offset >= HEADER.size:
            length, checksum = HEADER.unpack_from(data, offset)
            end = offset + HEADER.size + length
            if length > PAYLOAD_MAX_BYTES or (length == 0 and checksum == 0):
                return self._stop(payloads, offset, path)
            if end > len(data):
                break
            payload = data[offset + HEADER.size : end]
            if crc32(payload) != checksum:
                return self._stop(payloads, offset, path)
            payloads.append(payload)
            offset = end
        return payloads, offset

    def _stop(self, payloads: Sequence[bytes], offset: int, path: str) -> tuple[list[bytes], int]:
        """Give what stands before the damage; at the damage itself, say so."""
        if payloads:
            return list(payloads), offset
        raise Damaged(path, self.position)

    def rest(self) -> int:
        """Bytes that follow in the segment and are no record: damaged, or of one that is not whole."""
        path = segment_path(self._folder, self.position.segment)
        return max(0, os.path.getsize(path) - self.position.offset) if os.path.exists(path) else 0

    def skip_damage(self) -> bool:
        """Go on at the next segment; False if there is none."""
        if not os.path.exists(segment_path(self._folder, self.position.segment + 1)):
            return False
        self.position = Position(self.position.segment + 1, 0)
        return True
