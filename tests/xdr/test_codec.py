from typing import Annotated, Generic, TypeVar

import pytest

import xdr

uint32 = Annotated[int, xdr.UINT]
OK = TypeVar("OK")


class filekind(xdr.Enum):
    TEXT = 0
    DATA = 1
    EXEC = 2


class filetype(
    xdr.Union[filekind, bytes | None],
    arms={
        filekind.TEXT: None,
        filekind.DATA: Annotated[bytes, xdr.string(255)],
        filekind.EXEC: Annotated[bytes, xdr.string(255)],
    },
):
    __slots__ = ()


@xdr.struct
class file:
    """RFC 4506 section 7."""

    filename: Annotated[bytes, xdr.string(255)]
    type: filetype
    owner: Annotated[bytes, xdr.string(32)]
    data: Annotated[bytes, xdr.opaque(65535)]


SILLYPROG = bytes.fromhex(
    "00000009 73696c6c 7970726f 67000000"  # length of the name, "sillyprog", fill
    "00000002"  # EXEC
    "00000004 6c697370"  # "lisp"
    "00000004 6a6f686e"  # "john"
    "00000006 28717569 74290000"  # "(quit)", fill
)


def test_the_example_of_rfc_4506_section_7() -> None:
    value = file(b"sillyprog", filetype(filekind.EXEC, b"lisp"), b"john", b"(quit)")
    assert xdr.pack(file, value) == SILLYPROG
    assert xdr.unpack(file, SILLYPROG) == value


@pytest.mark.parametrize("size", range(len(SILLYPROG)))
def test_the_example_cut_short(size: int) -> None:
    with pytest.raises(xdr.Error):
        xdr.unpack(file, SILLYPROG[:size])


def test_a_type_has_one_codec_compiled_once() -> None:
    assert xdr.codec(uint32) is xdr.codec(Annotated[int, xdr.UINT])
    assert xdr.codec(file).pack is xdr.codec(file).pack
    assert xdr.codec(file).unpack is xdr.codec(file).unpack


def test_parts_joined_are_what_pack_gives() -> None:
    value = file(b"a", filetype(filekind.TEXT, None), b"bc", b"defgh")
    parts: list[xdr.Part] = []
    xdr.codec(file).pack_parts(value, parts)
    assert b"".join(parts) == xdr.pack(file, value)


def test_the_type_of_an_arm() -> None:
    class Result(xdr.Union[filekind, OK | None], Generic[OK], arms={filekind.TEXT: OK}, default=None):
        __slots__ = ()

    assert xdr.arm_type(Result[uint32], 0) == uint32
    assert xdr.arm_type(Result[uint32], 2) is None
    assert xdr.arm_type(filetype, 0) is None
    with pytest.raises(TypeError, match="has no arm for 7"):
        xdr.arm_type(filetype, 7)
    with pytest.raises(TypeError, match="is no union"):
        xdr.arm_type(file, 0)
