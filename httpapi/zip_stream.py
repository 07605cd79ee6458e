"""A ZIP archive made while it is sent (APPNOTE 6.3): stored members, their checksums after their bytes.

Memory is bounded whatever the number of members: the central directory waits in a temporary file once it is
long. ZIP64 is used where a number does not fit into 32 bits, and there alone.
"""

import struct
import tempfile
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime
from types import TracebackType

LIMIT_32 = 0xFFFFFFFF
LIMIT_16 = 0xFFFF
FLAGS = 0x0808  # sizes and CRC follow the data (bit 3); names are UTF-8 (bit 11)
STORED = 0
VERSION_PLAIN, VERSION_ZIP64 = 20, 45
MADE_BY_UNIX = 3 << 8
MODE_0444 = 0o100444 << 16
DIRECTORY_IN_MEMORY_MAX_BYTES = 1 << 20
CHUNK_BYTES = 1 << 16

_LOCAL = struct.Struct("<4s5H3L2H")  # s4.3.7
_CENTRAL = struct.Struct("<4s6H3L5H2L")  # s4.3.12
_END = struct.Struct("<4s4H2LH")  # s4.3.16
_END64 = struct.Struct("<4sQ2H2L4Q")  # s4.3.14
_LOCATOR64 = struct.Struct("<4sLQL")  # s4.3.15


class Archive:
    """One archive: `begin`, `take` and `finish` for each member, then `end`.

    Send all that they give, in order.
    """

    def __init__(self) -> None:
        self._offset = 0  # of the next byte in the archive
        self._members = 0
        self._directory = tempfile.SpooledTemporaryFile(  # noqa: SIM115 (closed by __exit__)
            max_size=DIRECTORY_IN_MEMORY_MAX_BYTES
        )
        self._name = b""
        self._time = (0, 0)
        self._begun_at = 0
        self._crc = 0
        self._size = 0
        self._is_long = False

    def __enter__(self) -> "Archive":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._directory.close()

    def begin(self, path: str, size: int, mtime_ns: int) -> bytes:
        """The header of a member that will have `size` bytes."""
        self._name = path.encode("utf-8", "surrogateescape")
        self._time = _dos_time(mtime_ns)
        self._begun_at = self._offset
        self._crc, self._size = 0, 0
        self._is_long = size >= LIMIT_32
        extra = struct.pack("<2H2Q", 1, 16, 0, 0) if self._is_long else b""
        sizes = (LIMIT_32, LIMIT_32) if self._is_long else (0, 0)
        version = VERSION_ZIP64 if self._is_long else VERSION_PLAIN
        header = _LOCAL.pack(
            b"PK\3\4", version, FLAGS, STORED, *self._time, 0, *sizes, len(self._name), len(extra)
        )
        return self._sent(header + self._name + extra)

    def take(self, chunk: bytes | memoryview) -> None:
        """Note some of the member's bytes; whoever has them sends them."""
        self._crc = zlib.crc32(chunk, self._crc)
        self._size += len(chunk)
        self._offset += len(chunk)

    def finish(self) -> bytes:
        """What follows the member's bytes."""
        descriptor = struct.pack(
            "<4sL2Q" if self._is_long else "<4s3L", b"PK\7\10", self._crc, self._size, self._size
        )
        self._directory.write(self._central())
        self._members += 1
        return self._sent(descriptor)

    def end(self) -> Iterator[bytes]:
        """The central directory, which ends the archive."""
        size = self._directory.tell()
        begin = self._offset
        self._directory.seek(0)
        while chunk := self._directory.read(CHUNK_BYTES):
            yield chunk
        members = self._members
        if members >= LIMIT_16 or size >= LIMIT_32 or begin >= LIMIT_32:
            version = VERSION_ZIP64
            yield _END64.pack(b"PK\6\6", 44, version, version, 0, 0, members, members, size, begin)
            yield _LOCATOR64.pack(b"PK\6\7", 0, begin + size, 1)
        shown = min(members, LIMIT_16)
        yield _END.pack(b"PK\5\6", 0, 0, shown, shown, min(size, LIMIT_32), min(begin, LIMIT_32), 0)

    def _central(self) -> bytes:
        size, offset = self._size, self._begun_at
        wide = []
        if size >= LIMIT_32:
            wide += [size, size]
            size = LIMIT_32
        if offset >= LIMIT_32:
            wide.append(offset)
            offset = LIMIT_32
        extra = struct.pack(f"<2H{len(wide)}Q", 1, 8 * len(wide), *wide) if wide else b""
        version = VERSION_ZIP64 if wide or self._is_long else VERSION_PLAIN
        header = _CENTRAL.pack(
            *(b"PK\1\2", MADE_BY_UNIX | version, version, FLAGS, STORED, *self._time, self._crc, size, size),
            *(len(self._name), len(extra), 0, 0, 0, MODE_0444, offset),
        )
        return header + self._name + extra

    def _sent(self, data: bytes) -> bytes:
        self._offset += len(data)
        return data


def _dos_time(time_ns: int) -> tuple[int, int]:
    """MS-DOS time and date (s4.4.6), in UTC; before 1980 there is none."""
    moment = datetime.fromtimestamp(max(time_ns // 1_000_000_000, 315_532_800), UTC)
    time = moment.hour << 11 | moment.minute << 5 | moment.second // 2
    date = min(moment.year - 1980, 127) << 9 | moment.month << 5 | moment.day
    return time, date
