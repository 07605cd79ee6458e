"""What the fast encoding gives is what the declared types give."""

from __future__ import annotations

import errno

import pytest
from hypothesis import given
from hypothesis import strategies as st

import xdr
from nfsd.nfs3 import convert
from nfsd.nfs3 import types as t
from nfsd.rpc import Credential
from nfsd.tree.handle import SIZE
from nfsd.tree.node import Document, Node, Type

HANDLE = bytes(range(SIZE))


def document(size: int, changed_ns: int, links: int) -> Node:
    node = Document.__new__(type("Sample", (Document,), {"kind": 8}))
    node.__init__(5, 64, changed_ns, b"")  # type: ignore[misc]
    node.size, node.links = size, links
    return node


@given(
    st.integers(0, 2**63 - 1),
    st.integers(0, 2**32 * 10**9 - 1),
    st.integers(0, 2**32 - 1),
    st.integers(0, 2**32 - 1),
)
def test_the_struct_packs_what_the_types_declare(size: int, changed_ns: int, links: int, uid: int) -> None:
    node = document(size, changed_ns, links)
    time = t.nfstime3(*divmod(changed_ns, 10**9))
    attributes = t.fattr3(
        *(t.ftype3.NF3REG, 0o444, links, uid, 7, size, size, t.specdata3(0, 0)),
        *(2**64 - 1, node.fileid, time, time, time),
    )
    encode = convert.encoder(lambda fileid: HANDLE, 2**64 - 1, uid, 7)
    *others, encoded = encode([(1, Type.FILE, 1, 0, changed_ns), (2, Type.LINK, 1, 0, 1), node.attributes])
    assert others == [*encode([(1, Type.FILE, 1, 0, changed_ns)]), *encode([(2, Type.LINK, 1, 0, 1)])]
    assert encoded[convert.POST_OP_ATTR] == xdr.pack(t.post_op_attr, attributes)
    assert encoded[convert.FATTR3] == xdr.pack(t.fattr3, attributes)
    assert encoded[convert.POST_OP_FH3] == xdr.pack(t.post_op_fh3, t.nfs_fh3(HANDLE))
    assert encoded[convert.NFS_FH3] == xdr.pack(t.nfs_fh3, t.nfs_fh3(HANDLE))
    assert convert.attributes(encoded) == attributes


def caller(uid: int, gid: int, *gids: int) -> Credential:
    return Credential(1, uid, gid, gids, "host")


@pytest.mark.parametrize(
    "who", [caller(0, 0), caller(501, 1), caller(9, 502), caller(9, 9, 502), caller(9, 9)]
)
def test_everybody_may_read_and_nobody_write(who: Credential) -> None:
    assert convert.granted(Type.FILE, (501, 502), who) == t.ACCESS3_READ
    assert convert.granted(Type.DIRECTORY, (501, 502), who) == t.ACCESS3_READ | t.ACCESS3_LOOKUP


def test_access_goes_by_the_caller_s_part_of_the_mode(monkeypatch: pytest.MonkeyPatch) -> None:
    for mode, may in ((0o400, {501}), (0o040, {502}), (0o004, {9})):
        monkeypatch.setitem(convert.TYPES, Type.FILE, (1, mode))
        for who, number in ((caller(501, 1), 501), (caller(8, 8, 502), 502), (caller(9, 9), 9)):
            assert bool(convert.granted(Type.FILE, (501, 502), who)) == (number in may), (oct(mode), number)


def test_names() -> None:
    assert convert.name("naïve".encode()) == "naïve"
    assert convert.name(b"x" * 255) == "x" * 255
    for wire, number in (
        (b"", errno.EACCES),
        (b"/", errno.EACCES),
        (b"a\0", errno.EACCES),
        (b"x" * 256, errno.ENAMETOOLONG),
        (b"\xff", errno.ENOENT),
        (b"\xed\xa0\x80", errno.ENOENT),
    ):
        with pytest.raises(OSError, match="name") as caught:
            convert.name(wire)
        assert caught.value.errno == number
