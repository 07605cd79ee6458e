"""Every construct from bytes that xdrlib3 or this file wrote, and every way in which bytes can be wrong."""

import struct
import tracemalloc
from typing import Annotated, Any, Generic, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

import xdr

uint32 = Annotated[int, xdr.UINT]
uint64 = Annotated[int, xdr.UHYPER]
boolean = Annotated[bool, xdr.BOOL]
name = Annotated[bytes, xdr.string(20)]
OK = TypeVar("OK")
FAIL = TypeVar("FAIL")


class colour(xdr.Enum):
    RED = 0
    BLUE = 70
    DARK = -2


@xdr.struct
class entry:
    fileid: uint64
    name: name
    shade: colour


class Result(xdr.Union[colour, OK | FAIL], Generic[OK, FAIL], arms={colour.RED: OK}, default=FAIL):
    __slots__ = ()


class flag(xdr.Union[boolean, int | None], arms={True: uint32, False: None}):
    __slots__ = ()


class number(xdr.Union[uint32, int | bytes], arms={1: uint32, 2: uint32, 9: name}):
    __slots__ = ()


@xdr.struct
class everything:
    small: Annotated[int, xdr.INT]
    large: Annotated[int, xdr.HYPER]
    yes: boolean
    verifier: Annotated[bytes, xdr.fixed(5)]
    maybe: Annotated[entry | None, xdr.optional]
    listed: Annotated[tuple[entry, ...], xdr.linked(max=3)]
    numbers: Annotated[tuple[uint32, ...], xdr.array(4)]
    three: Annotated[tuple[uint64, ...], xdr.fixed_array(3)]
    entries: Annotated[tuple[entry, ...], xdr.array(2)]
    pieces: Annotated[tuple[bytes, ...], xdr.pieces(9)]
    result: Result[entry, flag]
    number: number
    nothing: None


entries = st.builds(entry, st.integers(0, 2**64 - 1), st.binary(max_size=20), st.sampled_from(colour))
flags = st.one_of(st.builds(flag, st.just(True), st.integers(0, 9)), st.just(flag(False, None)))
values = st.builds(
    everything,
    small=st.integers(-(2**31), 2**31 - 1),
    large=st.integers(-(2**63), 2**63 - 1),
    yes=st.booleans(),
    verifier=st.binary(min_size=5, max_size=5),
    maybe=st.none() | entries,
    listed=st.lists(entries, max_size=3).map(tuple),
    numbers=st.lists(st.integers(0, 2**32 - 1), max_size=4).map(tuple),
    three=st.tuples(*[st.integers(0, 2**64 - 1)] * 3),
    entries=st.lists(entries, max_size=2).map(tuple),
    pieces=st.tuples(st.binary(max_size=9)),
    result=st.one_of(
        st.builds(Result, st.just(colour.RED), entries),
        st.builds(Result, st.sampled_from([colour.BLUE, colour.DARK]), flags),
    ),
    number=st.one_of(
        st.builds(number, st.sampled_from([1, 2]), st.integers(0, 9)),
        st.builds(number, st.just(9), st.binary(max_size=20)),
    ),
    nothing=st.none(),
)


@given(values)
def test_what_was_packed_is_unpacked(value: everything) -> None:
    packed = xdr.pack(everything, value)
    assert xdr.unpack(everything, packed) == value
    assert xdr.unpack(everything, memoryview(packed)) == value


@given(values)
def test_every_truncation_is_an_error_that_names_a_field(value: everything) -> None:
    packed = xdr.pack(everything, value)
    for size in range(len(packed)):
        with pytest.raises(xdr.Error, match=r"^everything\.\w+.*: \d+ bytes are required, \d+ are left"):
            xdr.unpack(everything, packed[:size])


@given(values, st.binary(min_size=1, max_size=8))
def test_trailing_bytes_are_an_error(value: everything, more: bytes) -> None:
    with pytest.raises(xdr.Error, match=f"^{len(more)} bytes are left over"):
        xdr.unpack(everything, xdr.pack(everything, value) + more)


@given(st.binary(max_size=200))
def test_arbitrary_bytes_are_a_value_or_the_documented_error(data: bytes) -> None:
    try:
        value = xdr.unpack(everything, data)
    except xdr.Error:
        return
    assert xdr.pack(everything, value) == data


def test_an_unpacked_structure_is_the_declared_frozen_class() -> None:
    value = xdr.unpack(entry, xdr.pack(entry, entry(1, b"a", colour.BLUE)))
    assert type(value) is entry
    assert type(value.shade) is colour
    assert type(value.name) is bytes
    with pytest.raises(AttributeError):
        value.fileid = 2


def test_unpacking_starts_at_an_offset_and_says_where_it_ended() -> None:
    assert xdr.codec(uint32).unpack(b"xxxx\0\0\0\5yyyy", 4) == (5, 8)


def word(*numbers: int) -> bytes:
    return struct.pack(f">{len(numbers)}I", *numbers)


@pytest.mark.parametrize(
    ("declared", "data", "message"),
    [
        (boolean, word(2), "2 is no bool"),
        (colour, word(1), "1 is no colour"),
        (entry, word(0, 1, 0, 7), r"entry\.shade: 7 is no colour"),
        (name, word(21) + bytes(24), "21 is more than 20"),
        (name, word(5) + b"abcde\0\1\0", "the fill is not zero"),
        (Annotated[bytes, xdr.fixed(3)], b"abc\1", "the fill is not zero"),
        (
            Annotated[bytes, xdr.opaque()],
            word(2**32 - 1) + bytes(8),
            "4294967296 bytes are required, 8 are left",
        ),
        (Annotated[tuple[uint32, ...], xdr.array(2)], word(3, 1, 2, 3), "3 is more than 2"),
        (Annotated[tuple[uint32, ...], xdr.array()], word(2**32 - 1), "bytes are required, 0 are left"),
        (Annotated[tuple[entry, ...], xdr.array()], word(2**32 - 1), "bytes are required, 0 are left"),
        (Annotated[tuple[uint32, ...], xdr.linked(1)], word(1, 5, 1, 6, 0), "more than 1 elements"),
        (Annotated[tuple[uint32, ...], xdr.linked(1)], word(1, 5, 2), "2 is no bool"),
        (Annotated[uint32 | None, xdr.optional], word(3, 0), "3 is no bool"),
        (number, word(3, 0), "number: no arm for 3"),
        (flag, word(2), r"flag\.discriminant: 2 is no bool"),
        (Result[entry, None], word(6), r"Result\.discriminant: 6 is no colour"),
    ],
)
def test_bytes_that_are_not_the_type_are_refused(declared: Any, data: bytes, message: str) -> None:
    with pytest.raises(xdr.Error, match=message):
        xdr.unpack(declared, data)


def test_a_large_length_allocates_nothing() -> None:
    codec = xdr.codec(Annotated[tuple[entry, ...], xdr.array()])
    assert codec.unpack  # compiled outside of the measurement
    tracemalloc.start()
    try:
        for data in (word(2**32 - 1), word(2**28)):
            with pytest.raises(xdr.Error):
                codec.unpack_all(data)
        assert tracemalloc.get_traced_memory()[1] < 100_000
    finally:
        tracemalloc.stop()
