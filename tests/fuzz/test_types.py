"""Every declared type of every protocol, with values made from its declaration alone.

xdrlib3 writes the same bytes; what is written is read back; no truncation, no trailing byte and no damage
brings out anything but a value or xdr.Error.
"""

import functools
import typing
from types import ModuleType
from typing import Any, TypeVar

import pytest
import xdrlib3
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import nfsd.mount3.types
import nfsd.nfs3.types
import nfsd.nlm4.types
import nfsd.nsm.types
import nfsd.portmap.types
import nfsd.rpc.types
import xdr
from xdr import declare
from xdr.declare import declaration, require_declared
from xdr.source import bind, bindings, element

MODULES = (
    nfsd.rpc.types,
    nfsd.portmap.types,
    nfsd.mount3.types,
    nfsd.nfs3.types,
    nfsd.nsm.types,
    nfsd.nlm4.types,
)
LIMITS = {"i": (-(2**31), 2**31 - 1), "I": (0, 2**32 - 1), "q": (-(2**63), 2**63 - 1), "Q": (0, 2**64 - 1)}
WRITERS = {"i": "pack_int", "I": "pack_uint", "q": "pack_hyper", "Q": "pack_uhyper"}


def types_of(module: ModuleType) -> dict[str, Any]:
    """A module's own types by name; a generic union counts where its arms are given."""
    found = {}
    for name, value in vars(module).items():
        if name.startswith("_") or value is None or isinstance(value, TypeVar | ModuleType):
            continue
        try:
            require_declared(value, name)
        except xdr.Error:
            continue
        bare = typing.get_origin(value) is None and getattr(value, "__parameters__", ())
        if value not in (xdr.Enum, xdr.Union) and not bare:
            found[f"{module.__name__}.{name}"] = value
    return found


TYPES = {name: declared for module in MODULES for name, declared in types_of(module).items()}
every_type = pytest.mark.parametrize("declared", TYPES.values(), ids=TYPES)


@functools.cache
def values(declared: Any) -> st.SearchStrategy[Any]:
    """Values of a type, short ones."""
    origin = typing.get_origin(declared) or declared
    match declaration(declared):
        case declare.Number(code=code):
            return st.sampled_from(LIMITS[code]) | st.integers(*LIMITS[code])
        case declare.Bool():
            return st.booleans()
        case declare.Fixed(size=size):
            return st.binary(min_size=size, max_size=size)
        case declare.Opaque(max=most):
            return st.binary(max_size=min(most, 9))
        case declare.Pieces(max=most):
            return st.tuples(st.binary(max_size=min(most, 9)))
        case declare.FixedArray(length=length):
            return st.tuples(*[values(element(declared, {}))] * length)
        case declare.Array(max=most) | declare.Linked(max=most):
            return st.lists(values(element(declared, {})), max_size=min(most, 2)).map(tuple)
        case declare.Optional():
            return st.none() | values(element(declared, {}))
    if declared is None or declared is type(None):
        return st.none()
    if hasattr(origin, "__xdr_fields__"):
        return st.builds(origin, **{name: values(inside) for name, inside in origin.__xdr_fields__.items()})
    if issubclass(origin, xdr.Enum):
        return st.sampled_from(origin)
    discriminants = values(origin.__xdr_discriminant__)
    if origin.__xdr_default__ is ...:
        discriminants = st.sampled_from(list(origin.__xdr_arms__))
    return discriminants.flatmap(
        lambda chosen: st.builds(origin, st.just(chosen), values(arm_of(declared, chosen)))
    )


def arm_of(declared: Any, chosen: Any) -> Any:
    origin = typing.get_origin(declared) or declared
    return bind(origin.__xdr_arms__.get(chosen, origin.__xdr_default__), bindings(declared))


def write(packer: xdrlib3.Packer, declared: Any, value: Any) -> None:
    """The oracle: xdrlib3, field by field."""
    origin = typing.get_origin(declared) or declared
    match declaration(declared):
        case declare.Number(code=code):
            getattr(packer, WRITERS[code])(value)
        case declare.Bool():
            packer.pack_bool(value)
        case declare.Fixed(size=size):
            packer.pack_fopaque(size, value)
        case declare.Opaque():
            packer.pack_opaque(value)
        case declare.Pieces():
            packer.pack_opaque(b"".join(value))
        case declare.FixedArray() | declare.Array() | declare.Linked() | declare.Optional() as kind:
            inside = element(declared, {})
            elements = [] if value is None else [value] if isinstance(kind, declare.Optional) else value
            if isinstance(kind, declare.FixedArray | declare.Array):
                if isinstance(kind, declare.Array):
                    packer.pack_uint(len(elements))
                for each in elements:
                    write(packer, inside, each)
            elif isinstance(kind, declare.Linked):
                packer.pack_list(elements, lambda each: write(packer, inside, each))
            else:
                packer.pack_bool(bool(elements))
                for each in elements:
                    write(packer, inside, each)
        case _ if value is None:
            pass
        case _ if hasattr(origin, "__xdr_fields__"):
            for name, inside in origin.__xdr_fields__.items():
                write(packer, inside, getattr(value, name))
        case _ if issubclass(origin, xdr.Enum):
            packer.pack_enum(value)
        case _:
            write(packer, origin.__xdr_discriminant__, value.discriminant)
            write(packer, arm_of(declared, value.discriminant), value.arm)


def test_the_types_are_found() -> None:
    assert len(TYPES) > 100
    assert {"nfsd.nfs3.types.LOOKUP3res", "nfsd.nlm4.types.nlm4_lockargs"} <= set(TYPES)


@every_type
@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_a_type_against_xdrlib3_in_pieces_and_damaged(declared: Any, data: st.DataObject) -> None:
    value = data.draw(values(declared))
    packer = xdrlib3.Packer()
    write(packer, declared, value)
    packed = xdr.pack(declared, value)
    assert packed == packer.get_buffer()
    assert xdr.unpack(declared, packed) == value
    for size in range(len(packed)):
        with pytest.raises(xdr.Error):
            xdr.unpack(declared, packed[:size])
    with pytest.raises(xdr.Error, match="left over"):
        xdr.unpack(declared, packed + b"\0")
    damaged = bytearray(packed)
    for _ in range(data.draw(st.integers(1, 3)) if packed else 0):
        place = data.draw(st.integers(0, len(packed) - 1))
        damaged[place] = data.draw(st.sampled_from([0, 1, 2, 0x7F, 0x80, 0xFF]))
    try:
        read = xdr.unpack(declared, bytes(damaged))
    except xdr.Error:
        return
    assert xdr.pack(declared, read) == bytes(damaged)
