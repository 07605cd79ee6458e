"""RFC 4506: types as declarations, compiled to calls of the struct module. Standard library only, no I/O."""

from xdr.codec import Codec, arm_type, codec, pack, unpack
from xdr.declare import (
    BOOL,
    HYPER,
    INT,
    UHYPER,
    UINT,
    Enum,
    Union,
    array,
    fixed,
    fixed_array,
    linked,
    opaque,
    optional,
    pieces,
    string,
    struct,
)
from xdr.error import Error
from xdr.packer import Part

__all__ = [
    "BOOL",
    "HYPER",
    "INT",
    "UHYPER",
    "UINT",
    "Codec",
    "Enum",
    "Error",
    "Part",
    "Union",
    "arm_type",
    "array",
    "codec",
    "fixed",
    "fixed_array",
    "linked",
    "opaque",
    "optional",
    "pack",
    "pieces",
    "string",
    "struct",
    "unpack",
]
