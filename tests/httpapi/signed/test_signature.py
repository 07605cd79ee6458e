"""A signed URL is good for exactly what it says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from httpapi.signed.signature import ROTATION_S, is_good, signature

SECRET = b"s" * 32
NOW = 1_800_000_000.0


def test_good_until_it_expires() -> None:
    expires = int(NOW) + 60
    given_signature = signature(SECRET, "PUT", "u1", expires)
    assert is_good(SECRET, "PUT", "u1", str(expires), given_signature, NOW)
    assert is_good(SECRET, "PUT", "u1", str(expires), given_signature, expires - 0.001)
    assert not is_good(SECRET, "PUT", "u1", str(expires), given_signature, expires)


def test_everything_is_covered() -> None:
    expires = int(NOW) + 60
    good = signature(SECRET, "PUT", "u1", expires)
    assert not is_good(b"t" * 32, "PUT", "u1", str(expires), good, NOW)
    assert not is_good(SECRET, "GET", "u1", str(expires), good, NOW)
    assert not is_good(SECRET, "PUT", "u2", str(expires), good, NOW)
    assert not is_good(SECRET, "PUT", "u1", str(expires + 1), good, NOW)
    assert not is_good(SECRET, "PUT", "u1", f"0{expires}", good[:-1], NOW)
    assert not is_good(SECRET, "PUT", "u1", str(expires), good.upper(), NOW)


@pytest.mark.parametrize("expires", ["", "-1", "1e9", "9" * 13, "٣", "1.5"])
def test_times_that_are_none(expires: str) -> None:
    assert not is_good(SECRET, "PUT", "u1", expires, "0" * 64, NOW)


def test_keys_rotate() -> None:
    day = ROTATION_S * 20_000
    assert signature(SECRET, "PUT", "u1", day) != signature(SECRET, "PUT", "u1", day - 1)


@given(st.integers(0, 255))
def test_no_flipped_bit_passes(bit: int) -> None:
    expires = int(NOW) + 60
    good = bytes.fromhex(signature(SECRET, "PUT", "u1", expires))
    wrong = (int.from_bytes(good) ^ (1 << bit)).to_bytes(32).hex()
    assert not is_good(SECRET, "PUT", "u1", str(expires), wrong, NOW)
