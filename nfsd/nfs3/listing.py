"""READDIR and READDIRPLUS replies: as many entries as the client has room for (RFC 1813 sections 3.3.16,
3.3.17).

`count` and `maxcount` bound the whole resok. `dircount` bounds the names. A reply with no entry at all is
allowed at the end only, so a client with too little room for one gets TOOSMALL.
"""

import errno
import struct
from collections.abc import Iterable

from nfsd.nfs3.types import NFS3_COOKIEVERFSIZE
from nfsd.tree.node import Entry

COUNT_MAX = 64 << 10
"""The largest reply, in bytes, whatever a client allows: the loop makes it in one go, and others wait."""

COOKIEVERF = bytes(NFS3_COOKIEVERFSIZE)
"""Always the same: a cookie is good for as long as its directory is, through any change."""

DIRECTORY_ATTRIBUTES = 88
"""The post_op_attr that stands before a page."""

USUAL_ENTRY = 40
"""A READDIR entry whose name has 13 to 16 bytes: how many are read at first for the room that there is."""

_FIXED_BYTES = 24
"""An entry without its name and what READDIRPLUS adds."""

ENDS = {True: struct.pack(">II", 0, 1), False: struct.pack(">II", 0, 0)}
"""What stands behind the last entry, by eof."""

_PACK = {named: struct.Struct(f">IQI{named}sQ").pack for named in range(0, 257, 4)}
"""What makes an entry3, by the bytes of its name with its fill, which `s` adds: value_follows, fileid, the
name's length, the name, the cookie."""

NO_ATTRIBUTES = bytes(8)
"""An entryplus3's name_attributes and name_handle, both left out."""


class Page:
    """A reply being filled. EMSGSIZE where the client has not even room for the end of a listing."""

    def __init__(self, count: int, dircount: int = COUNT_MAX) -> None:
        self._parts = [COOKIEVERF]
        self.room = min(count, COUNT_MAX) - DIRECTORY_ATTRIBUTES - len(COOKIEVERF) - len(ENDS[True])
        """Bytes left for entries."""
        if self.room < 0:  # before anybody reads as many entries as there is room for
            raise _too_small()
        self._names = dircount

    def add(self, fileid: int, name: bytes, cookie: int, plus: bytes = b"") -> bool:
        """Add an entry, `plus` being what READDIRPLUS says besides. False, and nothing added, where it does
        not fit."""
        named = len(name) + 3 & ~3
        size = _FIXED_BYTES + named + len(plus)
        if size > self.room or named > self._names:
            return False
        self.room -= size
        self._names -= named
        self._parts.append(_PACK[named](1, fileid, len(name), name, cookie) + plus)
        return True

    def fill(self, entries: Iterable[Entry], pluses: Iterable[bytes]) -> bool:
        """Add entries as long as they fit, as `add` would each; False where one did not.

        Written out, for a cold listing spends a seventh of its time here.
        """
        room, names, append = self.room, self._names, self._parts.append
        for (cookie, name, attributes), plus in zip(entries, pluses, strict=False):
            text = name.encode()
            size = len(text)
            named = size + 3 & ~3
            room -= _FIXED_BYTES + named + len(plus)
            names -= named
            if room < 0 or names < 0:
                self.room = 0
                return False
            append(_PACK[named](1, attributes[0], size, text, cookie))
            append(plus)
        self.room, self._names = room, names
        return True

    def packed(self, eof: bool) -> bytes:
        """The resok from its cookieverf on. EMSGSIZE where not even one entry fitted."""
        if not eof and len(self._parts) == 1:
            raise _too_small()
        return b"".join((*self._parts, ENDS[eof]))


def _too_small() -> OSError:
    return OSError(errno.EMSGSIZE, "no entry fits into the reply that the client allows")
