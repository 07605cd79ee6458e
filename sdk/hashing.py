"""MD5 and SHA-256 of a file's bytes, in one pass."""

from __future__ import annotations

import hashlib
from typing import BinaryIO, NamedTuple

CHUNK_BYTES = 1 << 20


class Digest(NamedTuple):
    """Hexadecimal digests of `size` bytes."""

    size: int
    md5: str
    sha256: str


class Hasher:
    """Both digests of bytes that come in pieces; `copy` keeps a state to go on from."""

    def __init__(self) -> None:
        self.size = 0
        self._md5 = hashlib.md5(usedforsecurity=False)
        self._sha256 = hashlib.sha256()

    def update(self, data: bytes | memoryview) -> None:
        """Take the next piece."""
        self.size += len(data)
        self._md5.update(data)
        self._sha256.update(data)

    def digest(self) -> Digest:
        """The digests of what came so far."""
        return Digest(self.size, self._md5.hexdigest(), self._sha256.hexdigest())

    def copy(self) -> Hasher:
        """A hasher that goes on from here by itself."""
        other = Hasher()
        other.size, other._md5, other._sha256 = self.size, self._md5.copy(), self._sha256.copy()
        return other


def hash_range(file: BinaryIO, offset: int, size: int, hasher: Hasher | None = None) -> Hasher:
    """Hash `size` bytes from `offset`, fewer only if the file ends earlier; go on from `hasher` if given."""
    hasher = hasher or Hasher()
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
