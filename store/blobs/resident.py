"""Whether a stretch of a mapped blob is in memory, so that touching it does not wait for the disk.

The kernel is asked with mincore(2), which needs the map's address. Where it does not say (another system,
no such call), nothing counts as being in memory, and readers take the way through a thread.

A call costs 3 us, as much as all else that a small read does here. So a granule that was found in memory
whole counts as being there for a second.
"""

import ctypes
import mmap
import sys
import time
from typing import Any
from weakref import ref

ADDRESSES_MAX = 256
"""Maps whose addresses are remembered. None is kept alive by that: the bytes of a deleted blob stay on the
disk for as long as it is mapped."""

GRANULE_BYTES = 1 << 20
GRANULES_MAX = 4096
"""Granules that are remembered as being in memory."""

TRUSTED_S = 1.0

_VECTOR_PAGES = GRANULE_BYTES // mmap.PAGESIZE


class _Buffer(ctypes.Structure):
    """CPython's Py_buffer."""

    _fields_ = (
        ("buf", ctypes.c_void_p),
        ("obj", ctypes.py_object),
        ("len", ctypes.c_ssize_t),
        ("itemsize", ctypes.c_ssize_t),
        ("readonly", ctypes.c_int),
        ("ndim", ctypes.c_int),
        ("format", ctypes.c_char_p),
        ("shape", ctypes.c_void_p),
        ("strides", ctypes.c_void_p),
        ("suboffsets", ctypes.c_void_p),
        ("internal", ctypes.c_void_p),
    )


class Residency:
    """Asks for maps by their blobs' keys; a map's address is looked up once."""

    def __init__(self) -> None:
        self._addresses: dict[str, tuple[ref[memoryview], int]] = {}
        self._trusted: dict[tuple[str, int], float] = {}
        self._vector = ctypes.create_string_buffer(_VECTOR_PAGES)
        self._mincore = _mincore()

    def resident(self, key: str, view: memoryview, offset: int, count: int) -> bool:
        """Whether `count` bytes from `offset` on, all within the map, are in memory."""
        if self._mincore is None:
            return False
        now = time.monotonic()
        for granule in range(offset // GRANULE_BYTES, (offset + count - 1) // GRANULE_BYTES + 1):
            if self._trusted.get((key, granule), 0.0) > now:
                continue
            begin = granule * GRANULE_BYTES
            end = min(begin + GRANULE_BYTES, len(view))
            if self._asked(key, view, begin, end):
                if len(self._trusted) >= GRANULES_MAX:
                    self._trusted.clear()
                self._trusted[key, granule] = now + TRUSTED_S
            elif not self._asked(key, view, max(begin, offset), min(end, offset + count)):
                return False
        return True

    def _asked(self, key: str, view: memoryview, begin: int, end: int) -> bool:
        """What the kernel says of the pages from `begin` to `end`, within one granule."""
        known = self._addresses.get(key)
        if known is None or known[0]() is not view:
            if len(self._addresses) >= ADDRESSES_MAX:
                self._addresses.clear()
            known = self._addresses[key] = ref(view), _address(view)
        first = begin // mmap.PAGESIZE
        pages = (end - 1) // mmap.PAGESIZE - first + 1
        start = known[1] + first * mmap.PAGESIZE
        if self._mincore(start, pages * mmap.PAGESIZE, self._vector):
            return False
        return 0 not in self._vector.raw[:pages]


def _mincore() -> Any:
    """The C library's mincore, or None; elsewhere than on Linux its answers mean something else."""
    if not sys.platform.startswith("linux"):
        return None
    function = getattr(ctypes.CDLL(None), "mincore", None)
    if function is not None:
        function.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_char_p)
        function.restype = ctypes.c_int
    return function


def _address(view: memoryview) -> int:
    buffer = _Buffer()
    ctypes.pythonapi.PyObject_GetBuffer(ctypes.py_object(view), ctypes.byref(buffer), 0)
    address = int(buffer.buf or 0)
    ctypes.pythonapi.PyBuffer_Release(ctypes.byref(buffer))
    return address
