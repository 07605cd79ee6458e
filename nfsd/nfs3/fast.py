"""Answers out of what is kept: no arguments unpacked, no coroutine, no query.

An answer is made once for a header: a function of the record alone, that knows where the arguments begin and
for whom it answers. It gives the packed result, or None: then the call goes the general way, which also
refuses what is malformed. A handle that was seen is one look-up in `Cache.by_handle`, under the bytes that it
has in a call with its length; a slice of the wrong size or shape is no key there. A node, a name or a page
that was forgotten is not found, so nothing stale is ever given.

LOOKUP's result is kept with its directory under the bytes of the name, as a page of one entry: it goes with
the directory, and with any node that is in it.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import xdr
from nfsd.nfs3 import convert
from nfsd.nfs3.convert import ATTRIBUTES_END, FATTR3
from nfsd.rpc import Credential, Fast, Packed
from nfsd.tree.handle import OPAQUE, SIZE
from nfsd.tree.node import Directory, File
from nfsd.tree.nodes.files import StoredFile
from xdr.packer import FILL

if TYPE_CHECKING:
    from nfsd.nfs3.program import NFS3

OK = bytes(4)
FH3_BYTES = len(OPAQUE) + SIZE
"""An nfs_fh3 on the wire, for every handle of ours has one size."""

_offset_count = struct.Struct(">QI").unpack_from


def getattr_(nfs: NFS3, credential: Credential, at: int) -> Fast:
    """GETATTR: the handle is all of the arguments."""
    known, met, encoded = nfs.tree.by_handle.get, nfs.tree.met, nfs.encoded

    def answer(record: bytes) -> bytes | None:
        node = known(record[at:]) or met(record[at:])
        return None if node is None else OK + (node.wire or encoded(node))[FATTR3]

    return answer


def lookup(nfs: NFS3, credential: Credential, at: int) -> Fast:
    """LOOKUP: the directory's handle, then the name with its length and fill."""
    tree, known, met, found = nfs.tree, nfs.tree.by_handle.get, nfs.tree.met, nfs.found
    name_at = at + FH3_BYTES

    def answer(record: bytes) -> bytes | None:
        directory = known(record[at:name_at]) or met(record[at:name_at])
        if not isinstance(directory, Directory):
            return None
        packed = record[name_at:]
        result = directory.pages.get(packed)
        if result is None:
            end = 4 + int.from_bytes(packed[:4], "big")
            if end > len(packed) or packed[end:] != FILL[end % 4]:
                return None
            try:
                node = tree.known(directory.names.get(str(packed[4:end], "utf-8"), 0))
            except UnicodeDecodeError:
                return None
            if node is not None:
                result = found(directory, node)
                tree.keep_page(directory, packed, result, tree.dropped)
        return result

    return answer


def access(nfs: NFS3, credential: Credential, at: int) -> Fast:
    """ACCESS: the handle and four bytes of bits. What a credential may do differs by type alone."""
    known, met, encoded = nfs.tree.by_handle.get, nfs.tree.met, nfs.encoded
    granted = tuple(convert.granted(type_, nfs.owner, credential) for type_ in convert.TYPES)

    def answer(record: bytes) -> bytes | None:
        node = known(record[at:-4]) or met(record[at:-4])
        if node is None:
            return None
        wanted = int.from_bytes(record[-4:], "big")
        attributes = (node.wire or encoded(node))[:ATTRIBUTES_END]
        return OK + attributes + (wanted & granted[node.type]).to_bytes(4, "big")

    return answer


def read(nfs: NFS3, credential: Credential, at: int) -> Fast:
    """READ: the handle, an offset and a count."""
    tree, known, met, content = nfs.tree, nfs.tree.by_handle.get, nfs.tree.met, nfs.content
    read_max = nfs.read_max

    def answer(record: bytes) -> list[xdr.Part] | None:
        node = known(record[at:-12]) or met(record[at:-12])
        if not isinstance(node, File):
            return None
        offset, count = _offset_count(record, at + FH3_BYTES)
        count = min(count, read_max, node.size - offset)
        data: bytes | memoryview | None
        if count <= 0:
            data = b""
        elif node.body is not None:
            data = node.body[offset : offset + count]
        elif isinstance(node, StoredFile) and node.blob:
            data = tree.content.at_hand(node.blob, offset, count)
        else:
            data = None
        return None if data is None else content(node, offset, data)

    return answer


def _listing(counts: struct.Struct) -> Callable[[NFS3, Credential, int], Fast]:
    """READDIR or READDIRPLUS: the handle, then a cookie, its verifier and as many counts as `counts` has."""

    def listing(nfs: NFS3, credential: Credential, at: int) -> Fast:
        known, met, encoded = nfs.tree.by_handle.get, nfs.tree.met, nfs.encoded
        key, behind = counts.unpack_from, -counts.size

        def answer(record: bytes) -> Packed | None:
            directory = known(record[at:behind]) or met(record[at:behind])
            if not isinstance(directory, Directory):
                return None
            body = directory.pages.get(key(record, at + FH3_BYTES))
            return None if body is None else Packed([OK + encoded(directory)[:ATTRIBUTES_END], body])

        return answer

    return listing


ANSWERS: Mapping[int, Callable[[NFS3, Credential, int], Fast]] = {
    1: getattr_,
    3: lookup,
    4: access,
    6: read,
    16: _listing(struct.Struct(">Q8xI")),
    17: _listing(struct.Struct(">Q8xII")),
}
"""The procedures that have a fast way, by number."""
