"""The functions that pack and unpack a declared type: each is generated once, when it is first asked for."""

import functools
import typing
from collections.abc import Callable
from typing import Any

from xdr.declare import Union
from xdr.error import Error
from xdr.packer import Part, make_pack, make_pack_parts
from xdr.source import bind, bindings
from xdr.unpacker import make_unpack


class Codec:
    """The generated functions of one type; to import a module that names them is to compile them."""

    def __init__(self, declared: Any) -> None:
        self.declared = declared

    @functools.cached_property
    def pack(self) -> Callable[[Any], bytes]:
        """`pack(value) -> bytes`; Error for a value out of its bounds."""
        return make_pack(self.declared)

    @functools.cached_property
    def pack_parts(self) -> Callable[[Any, list[Part]], None]:
        """`pack_parts(value, parts)` appends what `pack` would join; opaque data goes by reference."""
        return make_pack_parts(self.declared)

    def append(self, value: Any, parts: list[Part]) -> None:
        """As `pack_parts`, and generated only at its first call: most of what a program declares is never
        packed."""
        self.pack_parts(value, parts)

    @functools.cached_property
    def unpack(self) -> Callable[[bytes | memoryview, int], tuple[Any, int]]:
        """`unpack(data, offset) -> (value, next offset)`; Error for anything but the declared type."""
        return make_unpack(self.declared)

    def unpack_all(self, data: bytes | memoryview, offset: int = 0) -> Any:
        """The value from `offset` to the end; Error where bytes are left over."""
        value, after = self.unpack(data, offset)
        if after != len(data):
            raise Error(f"{len(data) - after} bytes are left over")
        return value


@functools.cache
def codec(declared: Any) -> Codec:
    """The codec of a type, always the same one."""
    return Codec(declared)


def pack(declared: Any, value: Any) -> bytes:
    """The bytes of a value of the declared type."""
    return codec(declared).pack(value)


def unpack(declared: Any, data: bytes | memoryview) -> Any:
    """The value of the declared type that `data` is, from its first to its last byte."""
    return codec(declared).unpack_all(data)


def arm_type(declared: Any, discriminant: int) -> Any:
    """The type of the arm that a union, generic or not, has for a discriminant; TypeError where it has
    none."""
    union = typing.get_origin(declared) or declared
    if not (isinstance(union, type) and issubclass(union, Union)):
        raise TypeError(f"{declared!r} is no union")
    arm = union.__xdr_arms__.get(discriminant, union.__xdr_default__)
    if arm is ...:
        raise TypeError(f"{declared!r} has no arm for {discriminant}")
    return bind(arm, bindings(declared))
