"""The declarations against two outside witnesses: a header generated from the RFC's text, and xdrlib3."""

from __future__ import annotations

import re
import typing
from pathlib import Path

import pytest
import xdrlib3

import xdr
from nfsd.nfs3 import types as t

HEADER = Path("/usr/include/nfsc/libnfs-raw-nfs.h")
RENAMED = {"from_": "from"}


@pytest.fixture(scope="module")
def header() -> str:
    if not HEADER.exists():
        pytest.skip("libnfs-dev is not installed")
    return HEADER.read_text().split("struct fattr2")[0]


def fields(body: str) -> list[str]:
    """The fields of a C structure; a variable-length opaque is itself one structure."""
    flat = re.sub(r"struct\s*\{[^}]*\}\s*(\w+);", r"opaque \1;", body)
    found = re.findall(r"(\w+)(?:\[\w+\])?;", flat)
    return [name for name in found if name != "nextentry"]


def test_structures_have_the_rfc_s_fields_in_its_order(header: str) -> None:
    compared = 0
    for name, body in re.findall(r"\nstruct (\w+) \{\n(.*?)\n\};", header, re.DOTALL):
        declared = getattr(t, name, None)
        ours = getattr(declared, "__xdr_fields__", None)
        if ours is None:
            continue
        assert [RENAMED.get(field, field) for field in ours] == fields(body), name
        compared += 1
    assert compared == 76


def test_enumerations_and_constants(header: str) -> None:
    for name, body in re.findall(r"\nenum (\w+3?) \{\n(.*?)\n\};", header, re.DOTALL):
        theirs = {key: int(value) for key, value in re.findall(r"(\w+) = (\d+)", body)}
        if isinstance(declared := getattr(t, name, None), type) and issubclass(declared, xdr.Enum):
            assert {member.name: member.value for member in declared} == theirs, name
    for key, value in re.findall(r"#define (NFS3_\w+SIZE|ACCESS3_\w+|FSF3_\w+) (\w+)", header):
        assert getattr(t, key) == int(value, 0), key


def test_every_procedure_s_types_are_there(header: str) -> None:
    procedures = set(re.findall(r"\nstruct (\w+)3args \{", header))
    assert len(procedures) == 21
    for name in procedures:
        for ending in ("args", "resok", "res"):
            assert hasattr(t, f"{name}3{ending}"), name


def test_a_lookup_by_another_packer() -> None:
    other = xdrlib3.Packer()
    other.pack_opaque(b"handle")
    other.pack_string(b"name")
    args = t.LOOKUP3args(t.diropargs3(t.nfs_fh3(b"handle"), b"name"))
    assert xdr.pack(t.LOOKUP3args, args) == other.get_buffer()
    assert xdr.unpack(t.LOOKUP3args, other.get_buffer()) == args


def test_a_listing_by_another_packer() -> None:
    other = xdrlib3.Packer()
    other.pack_uint(0)
    other.pack_bool(False)
    other.pack_fopaque(8, b"verifier")
    for number in (1, 2):
        other.pack_bool(True)
        other.pack_uhyper(number)
        other.pack_string(b"n" * number)
        other.pack_uhyper(number + 10)
        other.pack_bool(False)
        other.pack_bool(True)
        other.pack_opaque(b"h")
    other.pack_bool(False)
    other.pack_bool(True)
    entries = tuple(t.entryplus3(n, b"n" * n, n + 10, None, t.nfs_fh3(b"h")) for n in (1, 2))
    result = t.Result(
        t.nfsstat3.NFS3_OK, t.READDIRPLUS3resok(None, b"verifier", t.dirlistplus3(entries, True))
    )
    assert xdr.pack(t.READDIRPLUS3res, result) == other.get_buffer()


def test_setattr_by_another_packer() -> None:
    other = xdrlib3.Packer()
    other.pack_opaque(b"h")
    for present, value in ((True, 0o644), (False, 0), (False, 0)):
        other.pack_bool(present)
        if present:
            other.pack_uint(value)
    other.pack_bool(True)
    other.pack_uhyper(2**40)
    other.pack_enum(1)
    other.pack_enum(2)
    other.pack_uint(7)
    other.pack_uint(8)
    other.pack_bool(False)
    how = t.time_how
    sattr = t.sattr3(
        *(0o644, None, None, 2**40, t.set_atime(how.SET_TO_SERVER_TIME, None)),
        t.set_mtime(how.SET_TO_CLIENT_TIME, t.nfstime3(7, 8)),
    )
    args = t.SETATTR3args(t.nfs_fh3(b"h"), sattr, None)
    assert xdr.pack(t.SETATTR3args, args) == other.get_buffer()


def test_a_handle_is_bounded() -> None:
    with pytest.raises(xdr.Error):
        xdr.pack(t.nfs_fh3, t.nfs_fh3(bytes(65)))
    assert typing.get_args(t.filename3)[0] is bytes
