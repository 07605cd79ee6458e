"""From the tree's nodes to the wire's bytes, and from the wire's names to the tree's.

What a node shows is encoded once, into what stands of it in every reply: post_op_attr, then post_op_fh3.
Procedures cut what they need out of these 132 bytes.
"""

import errno
import struct

import xdr
from nfsd.nfs3.types import (
    ACCESS3_LOOKUP,
    ACCESS3_READ,
    fattr3,
    ftype3,
)
from nfsd.rpc.auth import Credential
from nfsd.tree.handle import SIZE as HANDLE_BYTES
from nfsd.tree.node import Node, Type

NAME_MAX = 255
"""The longest component, in bytes (PATHCONF's name_max)."""

ATTRIBUTES_END = 88
POST_OP_ATTR = slice(0, ATTRIBUTES_END)
FATTR3 = slice(4, 88)
POST_OP_FH3 = slice(88, 132)
NFS_FH3 = slice(92, 132)

TYPES = {
    Type.FILE: (ftype3.NF3REG.value, 0o444),
    Type.DIRECTORY: (ftype3.NF3DIR.value, 0o555),
    Type.LINK: (ftype3.NF3LNK.value, 0o777),
}
"""Type and mode of each type of node: all may read, nobody may write."""

# One struct for both, where packing a fattr3 object would take four times as long (1.0 against 4.3 us): a
# listing encodes every entry.
_NODE = struct.Struct(f">I5I2Q2I2Q6III{HANDLE_BYTES}s")
READ = struct.Struct(f">I{ATTRIBUTES_END}sIII")
"""READ's result up to the data: status, attributes (the beginning of what `encode` gives), count, eof and the
data's length."""

_SECOND_NS = 1_000_000_000
_fattr3 = xdr.codec(fattr3)


def encode(node: Node, handle: bytes, fsid: int, uid: int, gid: int) -> bytes:
    """post_op_attr and post_op_fh3 of a node."""
    kind, mode = TYPES[node.type]
    size = node.size
    seconds, nanoseconds = divmod(node.changed_ns, _SECOND_NS)
    return _NODE.pack(
        *(1, kind, mode, node.links, uid, gid, size, size, 0, 0, fsid, node.fileid),
        *(seconds, nanoseconds, seconds, nanoseconds, seconds, nanoseconds),
        *(1, HANDLE_BYTES, handle),
    )


def attributes(encoded: bytes) -> fattr3:
    """The attributes in what `encode` gave."""
    value: fattr3 = _fattr3.unpack(encoded, 4)[0]
    return value


def granted(type_: Type, owner: tuple[int, int], credential: Credential) -> int:
    """The ACCESS bits that a caller has on nodes of a type (RFC 1813 section 3.3.4), from the mode as a disk
    would give them."""
    mode = TYPES[type_][1]
    uid, gid = owner
    if credential.uid == uid:
        mode >>= 6
    elif gid == credential.gid or gid in credential.gids:
        mode >>= 3
    bits = ACCESS3_READ if mode & 4 else 0
    if mode & 1 and type_ is Type.DIRECTORY:
        bits |= ACCESS3_LOOKUP
    return bits


def name(wire: bytes) -> str:
    """The component that a client sent (RFC 1813 section 3.2).

    EACCES for none and for one with a "/" or NUL in it, ENAMETOOLONG above 255 bytes, ENOENT for what is no
    UTF-8, because no name here is.
    """
    if not wire or b"/" in wire or b"\0" in wire:
        raise OSError(errno.EACCES, "not a file name")
    if len(wire) > NAME_MAX:
        raise OSError(errno.ENAMETOOLONG, "the name is longer than 255 bytes")
    try:
        return str(wire, "utf-8")
    except UnicodeDecodeError:
        raise OSError(errno.ENOENT, "no name here is anything but UTF-8") from None
