"""File handles: stable, bound to one catalog, and not to be forged."""

import errno
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nfsd.tree.handle import SIZE, Handles

SECRET = bytes(range(32))
CATALOG = 0x1122334455667788


@pytest.fixture
def handles() -> Handles:
    return Handles(CATALOG, SECRET)


def refusal(handles: Handles, handle: bytes) -> int | None:
    with pytest.raises(OSError, match="file handle") as caught:
        handles.fileid(handle)
    return caught.value.errno


def test_the_bytes_are_frozen(handles: Handles) -> None:
    expected = "00000001" + "1122334455667788" + "0000000000000a87" + "0c894443e647e383625923c2ec3fa69c"
    assert handles.make(42 << 6 | 7).hex() == expected


def test_a_handle_fits_the_protocol(handles: Handles) -> None:
    assert len(handles.make(2**63 - 1)) == SIZE <= 48
    assert SIZE % 4 == 0


@given(st.integers(1, 2**64 - 1))
def test_every_fileid_comes_back_and_survives_a_restart(fileid: int) -> None:
    handle = Handles(CATALOG, SECRET).make(fileid)
    assert Handles(CATALOG, SECRET).fileid(handle) == fileid


def test_another_catalog_is_stale_before_anything_else(handles: Handles) -> None:
    assert refusal(handles, Handles(CATALOG + 1, SECRET).make(64)) == errno.ESTALE
    assert refusal(handles, Handles(CATALOG + 1, b"another secret").make(64)) == errno.ESTALE


def test_another_secret_is_bad(handles: Handles) -> None:
    assert refusal(handles, Handles(CATALOG, bytes(32)).make(64)) == errno.EBADF


@pytest.mark.parametrize("size", [0, 1, 8, 20, SIZE - 1, SIZE + 1, 64])
def test_another_length_is_bad(handles: Handles, size: int) -> None:
    assert refusal(handles, (handles.make(64) * 2)[:size]) == errno.EBADF


def test_neighbours_and_kinds_share_no_mac(handles: Handles) -> None:
    macs = {handles.make(number << 6 | kind)[20:] for number in range(200) for kind in range(1, 8)}
    assert len(macs) == 200 * 7


def test_no_single_bit_may_flip(handles: Handles) -> None:
    handle = handles.make(42 << 6 | 7)
    for bit in range(SIZE * 8):
        forged = bytearray(handle)
        forged[bit // 8] ^= 1 << bit % 8
        expected = errno.ESTALE if 4 <= bit // 8 < 12 else errno.EBADF
        assert refusal(handles, bytes(forged)) == expected, f"bit {bit}"


def test_random_macs_are_bad(handles: Handles) -> None:
    chance = random.Random(1813)
    head = handles.make(64)[:20]
    for _ in range(2000):
        assert refusal(handles, head + chance.randbytes(16)) == errno.EBADF
