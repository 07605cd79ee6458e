"""Bytes that say themselves what they are, so that any reader can tell whole content from a mixture.

A record is a head of HEAD bytes (label, number, size) and then bytes that only these three make. A file is
one record, or several on end when it was appended to.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache

HEAD = 64
_BLOCK = 1 << 16


class Torn(Exception):
    """What was read is not what anybody wrote."""


@lru_cache(maxsize=64)
def record(label: str, number: int, size: int) -> bytes:
    """A record of `size` bytes, HEAD at least."""
    head = f"{label}|{number}|{size}|".encode().ljust(HEAD, b".")
    if len(head) > HEAD or size < HEAD:
        raise ValueError(f"{head!r} does not fit into {size} bytes")
    rest = size - HEAD
    block = hashlib.shake_128(head).digest(min(rest, _BLOCK))
    blocks = [
        position.to_bytes(8, "big") + block[8:] for position in range(0, rest, _BLOCK)
    ]  # no two blocks alike: one in another's place is seen
    return (head + b"".join(blocks))[:size]


def records(data: bytes) -> list[tuple[str, int, int]]:
    """The label, number and size of each record of a file. Raises Torn."""
    found = []
    offset = 0
    while offset < len(data):
        parts = data[offset : offset + HEAD].split(b"|")
        try:
            label, number, size = parts[0].decode(), int(parts[1]), int(parts[2])
            wanted = record(label, number, size)
        except (ValueError, IndexError, UnicodeDecodeError):
            raise Torn(f"no record begins at byte {offset}: {data[offset : offset + HEAD]!r}") from None
        if data[offset : offset + size] != wanted:
            got = data[offset : offset + size]
            first = next((i for i, (a, b) in enumerate(zip(got, wanted, strict=False)) if a != b), len(got))
            raise Torn(f"{label} {number} has {len(got)} of {size} bytes and differs from byte {first} on")
        found.append((label, number, size))
        offset += size
    return found
