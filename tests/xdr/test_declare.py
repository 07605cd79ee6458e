from typing import Annotated

import pytest

import xdr
from xdr.declare import Opaque, declaration, require_declared

uint32 = Annotated[int, xdr.UINT]


@xdr.struct
class point:
    x: uint32
    y: uint32 = 7


class kind(xdr.Enum):
    NUMBER = 0
    NOTHING = 3


class value(xdr.Union[kind, int | None], arms={kind.NUMBER: uint32, kind.NOTHING: None}):
    __slots__ = ()


def test_a_struct_is_frozen_slotted_and_comparable() -> None:
    made = point(1)
    assert made == point(1, 7)
    assert hash(made) == hash(point(1, 7))
    assert not hasattr(made, "__dict__")
    assert made != point(1, 8)
    assert made != (1, 7)
    assert repr(made) == "point(x=1, y=7)" == repr(point(y=7, x=1))
    for wrong in ((), (1, 2, 3)):
        with pytest.raises(TypeError):
            point(*wrong)
    with pytest.raises(AttributeError, match="point is frozen: 'x'"):
        made.x = 2  # type: ignore[misc]
    with pytest.raises(AttributeError, match="point is frozen: 'y'"):
        del made.y


def test_a_union_is_frozen_and_comparable() -> None:
    made = value(kind.NUMBER, 4)
    assert made == value(kind.NUMBER, 4) != value(kind.NUMBER, 5)
    assert made != (kind.NUMBER, 4)
    assert hash(made) == hash(value(kind.NUMBER, 4))
    assert repr(made) == "value(<kind.NUMBER: 0>, 4)"
    with pytest.raises(AttributeError, match="value is frozen: 'arm'"):
        made.arm = 5


def test_a_union_without_arms_is_refused() -> None:
    with pytest.raises(TypeError, match="bare: a union declares its arms"):
        type("bare", (xdr.Union,), {})


def test_a_field_without_an_encoding_is_refused_where_it_is_declared() -> None:
    with pytest.raises(xdr.Error, match=r"wrong\.size: <class 'int'> is no XDR type"):

        @xdr.struct
        class wrong:
            size: int


@pytest.mark.parametrize("declared", [None, uint32, point, kind, value, Annotated[int | None, xdr.optional]])
def test_every_construct_counts_as_declared(declared: object) -> None:
    require_declared(declared, "name")


def test_the_last_declaration_of_a_type_holds() -> None:
    name = Annotated[bytes, xdr.opaque(4)]
    assert declaration(Annotated[name, xdr.string(9)]) == Opaque(9)
    assert declaration(int) is None
