"""MD5 and SHA-256 in one pass are those of hashlib."""

from __future__ import annotations

import hashlib
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdk.hashing import CHUNK_BYTES, Digest, Hasher, hash_range


def expected(data: bytes) -> Digest:
    return Digest(len(data), hashlib.md5(data).hexdigest(), hashlib.sha256(data).hexdigest())


@given(data=st.binary(max_size=200), offset=st.integers(0, 100), size=st.integers(0, 300))
def test_ranges(data: bytes, offset: int, size: int) -> None:
    assert hash_range(io.BytesIO(data), offset, size).digest() == expected(data[offset : offset + size])


@pytest.mark.parametrize("size", [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, 2 * CHUNK_BYTES + 1])
def test_around_a_chunk(size: int) -> None:
    data = bytes(range(256)) * (size // 256 + 1)
    assert hash_range(io.BytesIO(data), 0, size).digest() == expected(data[:size])
    alone = hash_range(io.BytesIO(data), 0, size, Hasher(md5=False)).digest()
    assert alone == expected(data[:size])._replace(md5=None)


def test_large_files_go_without_md5(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sdk.hashing.MD5_MAX_BYTES", 4)
    assert hash_range(io.BytesIO(b"abcde"), 0, 4).digest().md5 is not None
    assert hash_range(io.BytesIO(b"abcde"), 0, 5).digest().md5 is None


def test_going_on_from_a_state() -> None:
    first = Hasher()
    first.update(b"abc")
    assert first.digest() == expected(b"abc")
    second = hash_range(io.BytesIO(b"abcdef"), 3, 3, first)
    assert second.digest() == expected(b"abcdef")
