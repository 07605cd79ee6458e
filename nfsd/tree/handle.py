"""File handles: what a client holds of an object, across restarts, reconnects and replicas.

A handle is 36 bytes: a version, the catalog's id, the object's fileid, and a keyed MAC over the three. The
MAC's key is derived from the catalog's secret, so that every server of one catalog makes and takes the same
handles, and nobody else can make one. A fileid is never reused, so a handle needs no generation, and the
server needs no table of handles.

A hash costs a microsecond, which is most of what an entry of a listing may cost. So one hash gives the MACs
of 32 objects of a kind whose ids are neighbours: each takes its own 16 of the 512 bytes that SHAKE-128
makes of the secret, the kind and the ids' common part. The pieces tell nothing about each other, as with
any keyed stream.
"""

import errno
import hmac
import struct
from functools import lru_cache
from hashlib import shake_128

KIND_BITS = 6
"""How many low bits of a fileid say what kind of node it is; the bits above are the object's id in the
catalog."""

KIND_MASK = (1 << KIND_BITS) - 1
SIZE = 36
"""Bytes of a handle; a multiple of four, so that it never needs fill."""

OPAQUE = SIZE.to_bytes(4, "big")
"""What stands before a handle in a call: its length, as XDR has opaque data."""

VERSION = 1
_MAC_BYTES = 16
_HANDLE = struct.Struct(f">IQQ{_MAC_BYTES}s")
_KEYED = struct.Struct(">QQ")
_MEMBER_BITS = 5
_MEMBER = (1 << _MEMBER_BITS) - 1 << KIND_BITS  # the bits of a fileid that tell a group's members apart
_MACS = struct.Struct(f"{_MAC_BYTES}s" * (1 << _MEMBER_BITS))


class Handles:
    """Makes and reads the handles of one catalog."""

    def __init__(self, catalog_id: int, secret: bytes) -> None:
        keyed = shake_128(b"runfs nfs handle" + bytes((VERSION,)) + secret)

        @lru_cache(maxsize=64)
        def macs(first: int) -> tuple[bytes, ...]:
            stream = keyed.copy()
            stream.update(_KEYED.pack(catalog_id, first >> _MEMBER_BITS & ~KIND_MASK | first & KIND_MASK))
            return _MACS.unpack(stream.digest(_MACS.size))

        self._catalog_id = catalog_id
        self._macs = macs

    def make(self, fileid: int) -> bytes:
        """The handle of a fileid."""
        mac = self._macs(fileid & ~_MEMBER)[(fileid & _MEMBER) >> KIND_BITS]
        return _HANDLE.pack(VERSION, self._catalog_id, fileid, mac)

    def fileid(self, handle: bytes) -> int:
        """The fileid that `handle` names.

        OSError ESTALE where another catalog made it, which is asked first: a client that kept its mount
        while the daemon was given another folder has good handles of the wrong place. EBADF for any other
        shape or MAC.
        """
        if len(handle) != SIZE:
            raise OSError(errno.EBADF, "not a file handle of this server")
        version, catalog_id, fileid, _ = _HANDLE.unpack(handle)
        if catalog_id != self._catalog_id:
            raise OSError(errno.ESTALE, "a file handle of another catalog")
        if version != VERSION or not hmac.compare_digest(self.make(fileid), handle):
            raise OSError(errno.EBADF, "not a file handle of this server")
        return int(fileid)
