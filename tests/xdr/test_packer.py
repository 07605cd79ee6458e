"""Every construct's bytes against xdrlib3, which knows nothing of our declarations."""

import struct
from collections.abc import Callable
from typing import Annotated, Any, Generic, TypeVar

import pytest
import xdrlib3
from hypothesis import given
from hypothesis import strategies as st

import xdr

int32 = Annotated[int, xdr.INT]
uint32 = Annotated[int, xdr.UINT]
int64 = Annotated[int, xdr.HYPER]
uint64 = Annotated[int, xdr.UHYPER]
boolean = Annotated[bool, xdr.BOOL]
name = Annotated[bytes, xdr.string(20)]
OK = TypeVar("OK")
FAIL = TypeVar("FAIL")


class colour(xdr.Enum):
    RED = 0
    BLUE = 70
    DARK = -2


class Result(xdr.Union[colour, OK | FAIL], Generic[OK, FAIL], arms={colour.RED: OK}, default=FAIL):
    __slots__ = ()


def written(fill: Callable[[xdrlib3.Packer], object]) -> bytes:
    packer = xdrlib3.Packer()
    fill(packer)
    return packer.get_buffer()


@given(st.integers(-(2**31), 2**31 - 1), st.integers(0, 2**32 - 1))
def test_ints(signed: int, unsigned: int) -> None:
    assert xdr.pack(int32, signed) == written(lambda p: p.pack_int(signed))
    assert xdr.pack(uint32, unsigned) == written(lambda p: p.pack_uint(unsigned))


@given(st.integers(-(2**63), 2**63 - 1), st.integers(0, 2**64 - 1))
def test_hypers(signed: int, unsigned: int) -> None:
    assert xdr.pack(int64, signed) == written(lambda p: p.pack_hyper(signed))
    assert xdr.pack(uint64, unsigned) == written(lambda p: p.pack_uhyper(unsigned))


@pytest.mark.parametrize("value", [True, False])
def test_bools(value: bool) -> None:
    assert xdr.pack(boolean, value) == written(lambda p: p.pack_bool(value))


@pytest.mark.parametrize("value", list(colour))
def test_enums(value: colour) -> None:
    assert xdr.pack(colour, value) == written(lambda p: p.pack_enum(value))


@given(st.binary(max_size=20))
def test_opaque_of_every_kind(data: bytes) -> None:
    variable = written(lambda p: p.pack_opaque(data))
    assert xdr.pack(Annotated[bytes, xdr.opaque()], data) == variable
    assert xdr.pack(name, data) == written(lambda p: p.pack_string(data))
    assert xdr.pack(Annotated[bytes, xdr.fixed(len(data))], data) == written(
        lambda p: p.pack_fopaque(len(data), data)
    )
    halves = (data[:3], memoryview(data)[3:])
    assert xdr.pack(Annotated[tuple[bytes, ...], xdr.pieces(20)], halves) == variable


@given(st.lists(st.integers(0, 2**32 - 1)).map(tuple), st.lists(st.binary(max_size=20)).map(tuple))
def test_arrays_and_lists(numbers: tuple[int, ...], names: tuple[bytes, ...]) -> None:
    assert xdr.pack(Annotated[tuple[uint32, ...], xdr.array()], numbers) == written(
        lambda p: p.pack_array(numbers, p.pack_uint)
    )
    assert xdr.pack(Annotated[tuple[name, ...], xdr.array()], names) == written(
        lambda p: p.pack_array(names, p.pack_string)
    )
    assert xdr.pack(Annotated[tuple[name, ...], xdr.linked()], names) == written(
        lambda p: p.pack_list(names, p.pack_string)
    )
    assert xdr.pack(Annotated[tuple[name, ...], xdr.fixed_array(len(names))], names) == written(
        lambda p: p.pack_farray(len(names), names, p.pack_string)
    )


@xdr.struct
class pair:
    left: uint32
    right: Annotated[bytes, xdr.fixed(5)]


@xdr.struct
class mixed:
    before: pair
    maybe: Annotated[pair | None, xdr.optional]
    names: Annotated[tuple[pair, ...], xdr.linked(max=3)]
    answer: Result[pair, None]
    after: boolean


@given(st.booleans(), st.lists(st.integers(0, 9), max_size=3), st.sampled_from(colour), st.booleans())
def test_what_follows_depends_on_values(
    present: bool, numbers: list[int], chosen: colour, after: bool
) -> None:
    def pack_pair(packer: xdrlib3.Packer, number: int) -> None:
        packer.pack_uint(number)
        packer.pack_fopaque(5, b"01234")

    def fill(packer: xdrlib3.Packer) -> None:
        pack_pair(packer, 1)
        packer.pack_bool(present)
        if present:
            pack_pair(packer, 2)
        packer.pack_list(numbers, lambda number: pack_pair(packer, number))
        packer.pack_enum(chosen)
        if chosen == colour.RED:
            pack_pair(packer, 3)
        packer.pack_bool(after)

    value = mixed(
        before=pair(1, b"01234"),
        maybe=pair(2, b"01234") if present else None,
        names=tuple(pair(number, b"01234") for number in numbers),
        answer=Result(chosen, pair(3, b"01234") if chosen == colour.RED else None),
        after=after,
    )
    assert xdr.pack(mixed, value) == written(fill)


def test_void_is_no_bytes() -> None:
    assert xdr.pack(None, None) == b""


def test_opaque_data_is_handed_on_by_reference() -> None:
    data = memoryview(bytearray(1 << 20))
    parts: list[xdr.Part] = []
    xdr.codec(Annotated[bytes, xdr.opaque()]).pack_parts(data, parts)
    assert parts[0] == struct.pack(">I", 1 << 20)
    assert parts[1] is data
    xdr.codec(Annotated[tuple[bytes, ...], xdr.pieces()]).pack_parts((data, b"x"), parts)
    assert parts[3] is data
    assert parts[4:] == [b"x", b"\0\0\0"]


class strict(xdr.Union[uint32, int | None], arms={1: uint32, 2: uint32}):
    __slots__ = ()


@pytest.mark.parametrize(
    ("declared", "value", "message"),
    [
        (pair, pair(2**32, b"01234"), r"pair\.left: 4294967296 does not fit"),
        (pair, pair(-1, b"01234"), r"pair\.left: -1 does not fit"),
        (pair, pair(0, b"0123"), r"pair\.right: 5 bytes are required"),
        (name, b"x" * 21, "21 is more than 20"),
        (Annotated[tuple[bytes, ...], xdr.pieces(3)], (b"ab", b"cd"), "4 is more than 3"),
        (Annotated[tuple[uint32, ...], xdr.array(2)], (1, 2, 3), "3 is more than 2"),
        (Annotated[tuple[uint32, ...], xdr.array(2)], (1, 2**32), "argument out of range|format requires"),
        (Annotated[tuple[name, ...], xdr.linked(1)], (b"", b""), "2 is more than 1"),
        (Annotated[tuple[uint32, ...], xdr.fixed_array(2)], (1,), "2 elements are required"),
        (strict, strict(3, 1), r"strict: no arm for 3"),
    ],
)
def test_a_value_out_of_its_bounds_is_refused(declared: Any, value: Any, message: str) -> None:
    with pytest.raises(xdr.Error, match=message):
        xdr.pack(declared, value)


def test_arms_that_share_a_type_keep_their_discriminants() -> None:
    assert xdr.pack(strict, strict(2, 9)) == struct.pack(">II", 2, 9)
