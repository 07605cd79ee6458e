"""Blocks of blobs on disk: a bounded folder that believes nothing it cannot verify.

A block is a file, its SHA-256 first. It is written without fsync: one that a crash tore, or that the disk
changed, does not match its hash and is as good as absent. What was used longest ago goes first. Blocking;
safe in several threads.
"""

import contextlib
import hashlib
import threading
from collections import OrderedDict
from pathlib import Path

from store.blobs import disk
from store.errors import Unavailable

DIGEST_BYTES = 32

Name = tuple[str, int]  # a blob's key, and the number of the block in it


class Blocks:
    """A folder of at most `limit_bytes`, with what an earlier process left in it."""

    def __init__(self, folder: Path, limit_bytes: int) -> None:
        self._folder = folder
        self._limit_bytes = limit_bytes
        self._sizes: OrderedDict[Name, int] = OrderedDict()  # the oldest first
        self._total = 0
        self._lock = threading.Lock()
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            left = sorted(disk.listed(folder), key=lambda found: found.mtime_ns)
        except OSError as error:
            raise Unavailable(f"cannot use the cache folder {folder}: {error.strerror}") from error
        for found in left:
            key, _, number = found.key.partition(".")
            if number.isdigit():
                self._note((key, int(number)), found.size)
            else:  # a temporary file
                disk.remove(folder / found.key)
        self._shrink()

    def get(self, name: Name) -> bytes | None:
        """A block, verified; None when it is not here or not what it was."""
        with self._lock:
            if name not in self._sizes:
                return None
            self._sizes.move_to_end(name)
        try:
            content = self._file(name).read_bytes()
        except OSError:
            content = b""
        block = content[DIGEST_BYTES:]
        if hashlib.sha256(block).digest() == content[:DIGEST_BYTES]:
            return block
        self.drop(name)
        return None

    def put(self, name: Name, block: bytes) -> None:
        """Keep a block, if the disk takes it: a cache that cannot write is only slower."""
        file = self._file(name)
        fresh = file.with_suffix(f".tmp{threading.get_ident()}")
        try:
            fresh.write_bytes(hashlib.sha256(block).digest() + block)
            fresh.rename(file)
        except OSError:
            with contextlib.suppress(OSError):
                fresh.unlink()
            return
        with self._lock:
            self._note(name, DIGEST_BYTES + len(block))
            self._shrink()

    def drop(self, name: Name) -> None:
        """Forget a block."""
        with self._lock:
            self._total -= self._sizes.pop(name, 0)
        with contextlib.suppress(OSError):
            self._file(name).unlink()

    def drop_all(self, key: str) -> None:
        """Forget all blocks of a blob."""
        with self._lock:
            names = [name for name in self._sizes if name[0] == key]
        for name in names:
            self.drop(name)

    def _note(self, name: Name, size: int) -> None:
        self._total += size - self._sizes.pop(name, 0)
        self._sizes[name] = size

    def _shrink(self) -> None:
        while self._total > self._limit_bytes and self._sizes:
            name, size = self._sizes.popitem(last=False)
            self._total -= size
            with contextlib.suppress(OSError):
                self._file(name).unlink()

    def _file(self, name: Name) -> Path:
        return self._folder / f"{name[0]}.{name[1]}"
