import traceback
from typing import Annotated, Generic, TypeVar

import pytest

import xdr
from xdr.source import Source, arms_by_type, bind, bindings, element, least_size, title

OK = TypeVar("OK")
FAIL = TypeVar("FAIL")
uint32 = Annotated[int, xdr.UINT]


class Result(xdr.Union[uint32, OK | FAIL], Generic[OK, FAIL], arms={0: OK}, default=FAIL):
    __slots__ = ()


def test_generated_lines_show_in_a_traceback() -> None:
    source = Source()
    source.line("broken = value.nothing")
    with pytest.raises(AttributeError) as caught:
        source.compile("pack(value)", "pack sample")(1)
    text = "".join(traceback.format_exception(caught.value))
    assert "broken = value.nothing" in text
    assert "pack sample>" in text


def test_a_constant_has_one_name() -> None:
    source = Source()
    kept = object()
    assert source.constant(kept) == source.constant(kept) != source.constant(object())
    assert source.names[source.constant(kept)] is kept


def test_type_variables_stand_for_what_the_generic_union_was_given() -> None:
    bound = bindings(Result[uint32, None])
    assert bound == {OK: uint32, FAIL: type(None)}
    assert bind(OK, bound) == uint32
    assert bind(Result[OK, OK], bound) == Result[uint32, uint32]
    assert bind(uint32, bound) is uint32
    assert bindings(uint32.__origin__) == {}


def test_the_element_of_a_compound() -> None:
    assert element(Annotated[uint32 | None, xdr.optional], {}) == uint32
    assert element(Annotated[tuple[uint32, ...], xdr.array(3)], {}) == uint32
    assert element(Annotated[tuple[OK, ...], xdr.array(3)], {OK: uint32}) == uint32
    with pytest.raises(TypeError, match="has no elements"):
        element(Annotated[int, xdr.array(3)], {})


def test_titles() -> None:
    assert title(Result) == "Result"
    assert title(uint32) == title(None) == "value"


def test_arms_of_one_type_share_a_branch() -> None:
    class shared(xdr.Union[uint32, int | None], arms={1: uint32, 5: None, 2: uint32}):
        __slots__ = ()

    assert arms_by_type(shared) == {uint32: (1, 2), None: (5,)}


def test_the_least_size_of_a_type() -> None:
    @xdr.struct
    class sample:
        number: uint32
        verifier: Annotated[bytes, xdr.fixed(5)]
        data: Annotated[bytes, xdr.opaque()]
        pair: Annotated[tuple[uint32, ...], xdr.fixed_array(2)]

    assert least_size(sample, {}) == 4 + 8 + 4 + 8
    assert least_size(OK, {OK: sample}) == 24
    assert least_size(None, {}) == 0
