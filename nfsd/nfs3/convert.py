"""From the tree's nodes to the wire's bytes, and from the wire's names to the tree's.

What a node shows is encoded once, into what stands of it in every reply: post_op_attr, then post_op_fh3.
Procedures cut what they need out of these 132 bytes.
"""

import errno
import struct
from collections.abc import Callable, Iterable, Iterator

import xdr
from nfsd.nfs3.types import (
    ACCESS3_LOOKUP,
    ACCESS3_READ,
    fattr3,
    ftype3,
)
from nfsd.rpc.auth import Credential
from nfsd.tree.handle import SIZE as HANDLE_BYTES
from nfsd.tree.node import Attributes, Type

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

READ = struct.Struct(f">I{ATTRIBUTES_END}sIII")
"""READ's result up to the data: status, attributes (the beginning of what `encoder` makes), count, eof and
the data's length."""

_SECOND_NS = 1_000_000_000
_NFSTIME3 = struct.Struct(">II")
_fattr3 = xdr.codec(fattr3)


def encoder(
    make: Callable[[int], bytes], fsid: int, uid: int, gid: int
) -> Callable[[Iterable[Attributes]], Iterator[bytes]]:
    """What encodes attributes: post_op_attr and post_op_fh3 of each node. `make` gives a fileid's handle.

    A listing encodes thousands: one struct for both, where packing a fattr3 object would take several times
    as long, and what is the same for many is packed once.
    """
    heads = [struct.pack(">III", 1, *TYPES[type_]) for type_ in Type]  # an enum as a key is slow to hash
    owner, device = struct.pack(">II", uid, gid), struct.pack(">QQ", 0, fsid)
    follows = struct.pack(">II", 1, HANDLE_BYTES)
    pack = struct.Struct(f">12sI8sQQ16sQ24s8s{HANDLE_BYTES}s").pack

    def encode(nodes: Iterable[Attributes]) -> Iterator[bytes]:
        last_ns, times = -1, b""
        for fileid, type_, links, size, changed_ns in nodes:
            if changed_ns != last_ns:  # what was uploaded together has one time
                last_ns, times = changed_ns, 3 * _NFSTIME3.pack(*divmod(changed_ns, _SECOND_NS))
            handle = make(fileid)
            yield pack(heads[type_], links, owner, size, size, device, fileid, times, follows, handle)

    return encode


def attributes(encoded: bytes) -> fattr3:
    """The attributes in what an encoder gave."""
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
