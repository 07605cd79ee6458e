"""Record marking: the bytes of a TCP connection as records (RFC 5531 section 11).

A record is one or more fragments. Each fragment begins with a mark of four bytes: the highest bit says that
it is the last of its record, the other 31 are its size.
"""

import struct

LAST = 0x8000_0000

_mark = struct.Struct(">I").unpack_from


class RecordTooLarge(Exception):
    """A mark announces more bytes than a record may have; the connection cannot go on."""


class Records:
    """Cuts received bytes into records, however they were split or sent together.

    At most `limit_bytes` of one record and the last buffer received are held.
    """

    def __init__(self, limit_bytes: int) -> None:
        self._limit = limit_bytes
        self._longest = LAST | limit_bytes
        self._rest = bytearray()
        """Received bytes from the first mark that could not be read up to the end of its fragment."""
        self._wanted = 0
        """How many bytes the rest needs before it is worth looking at again."""
        self._record = bytearray()
        """The fragments of the present record; one buffer, for a list of one-byte fragments would cost 40
        times it."""
        self._begun = False
        self.partial = False
        """Whether a record has begun and not ended."""

    def feed(self, data: bytes) -> list[bytes]:
        """The records that end in `data`; RecordTooLarge as soon as a mark says so."""
        if (
            len(data) >= 4
            and not self.partial
            and _mark(data)[0] == LAST | (len(data) - 4) <= LAST | self._limit
        ):
            return [data[4:]]  # one call in flight: the buffer is one record
        if self._rest:
            self._rest += data
            if len(self._rest) < self._wanted:
                return []
            data = bytes(self._rest)
            self._rest.clear()
        records = []
        start, end = 0, len(data)
        if not self._begun:
            # Whole records of one fragment, as nearly all are: 0.24 us each, 0.35 in the loop below.
            while end - start >= 4:
                (mark,) = _mark(data, start)
                after = start + 4 + mark - LAST
                if not LAST <= mark <= self._longest or after > end:
                    break
                records.append(data[start + 4 : after])
                start = after
        while end - start >= 4:
            (mark,) = _mark(data, start)
            size = mark & ~LAST
            if len(self._record) + size > self._limit:
                raise RecordTooLarge(f"a record of {len(self._record) + size} bytes, {self._limit} allowed")
            after = start + 4 + size
            if after > end:
                self._wanted = after - start
                break
            fragment = data[start + 4 : after]
            start = after
            if mark & LAST and not self._begun:
                records.append(fragment)
                continue
            self._record += fragment
            self._begun = not mark & LAST
            if mark & LAST:
                records.append(bytes(self._record))
                self._record.clear()
        else:
            self._wanted = 4
        if start < end:
            self._rest += data[start:]
        self.partial = start < end or self._begun
        return records
