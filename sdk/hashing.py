"""MD5 and SHA-256 of a file's bytes, in one pass.

MD5 takes twice as long as SHA-256 and verifies nothing that SHA-256 does not: large files go without it.
"""

from __future__ import annotations

import hashlib
from typing import BinaryIO, NamedTuple

CHUNK_BYTES = 1 << 20
MD5_MAX_BYTES = 64 << 20  # the server draws the same line


class Digest(NamedTuple):
    """Hexadecimal digests of `size` bytes."""

    size: int
    md5: str | None
    sha256: str


class Hasher:
    """The digests of bytes that come in pieces; MD5 only if asked for."""

    def __init__(self, md5: bool = True) -> None:
        self.size = 0
        self._md5 = hashlib.md5(usedforsecurity=False) if md5 else None
        self._sha256 = hashlib.sha256()

    def update(self, data: bytes | memoryview) -> None:
        """Take the next piece."""
        self.size += len(data)
        if self._md5 is not None:
            self._md5.update(data)
        self._sha256.update(data)

    def digest(self) -> Digest:
        """The digests of what came so far."""
        return Digest(self.size, self._md5.hexdigest() if self._md5 else None, self._sha256.hexdigest())


def hash_range(file: BinaryIO, offset: int, size: int, hasher: Hasher | None = None) -> Hasher:
    """Hash `size` bytes from `offset`, fewer only if the file ends earlier; go on from `hasher` if given."""
    hasher = hasher or Hasher(md5=size <= MD5_MAX_BYTES)
    buffer = bytearray(min(CHUNK_BYTES, size) or 1)
    file.seek(offset)
    left = size
    while left > 0:
        count = file.readinto(memoryview(buffer)[: min(len(buffer), left)])  # type: ignore[attr-defined]
        if not count:
            break
        hasher.update(memoryview(buffer)[:count])
        left -= count
    return hasher
