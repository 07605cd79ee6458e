"""Which stretches of a map are in memory, asked of a real file."""

from __future__ import annotations

import ctypes
import mmap
import os
import sys
import weakref
from collections.abc import Iterator
from pathlib import Path

import pytest

from store.blobs import resident
from store.blobs.resident import GRANULE_BYTES, Residency

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="mincore is asked on Linux only")


class Mapped:
    """A file of four granules and a bit, and its map."""

    def __init__(self, path: Path) -> None:
        self.file = path.open("w+b")
        self.file.write(os.urandom(4 * GRANULE_BYTES + 5000))
        self.file.flush()
        self.view = memoryview(mmap.mmap(self.file.fileno(), 0, prot=mmap.PROT_READ))


class Kernel:
    """A mincore that is told which pages are in memory."""

    def __init__(self, mapped: Mapped, monkeypatch: pytest.MonkeyPatch) -> None:
        self.pages: set[int] = set()
        self.calls = 0
        self._base = resident._address(mapped.view)
        monkeypatch.setattr(resident, "_mincore", lambda: self.answer)

    def answer(self, start: int, size: int, vector: ctypes.Array[ctypes.c_char]) -> int:
        self.calls += 1
        first, rest = divmod(start - self._base, mmap.PAGESIZE)
        assert (rest, size % mmap.PAGESIZE) == (0, 0)
        for page in range(size // mmap.PAGESIZE):
            vector[page] = int(first + page in self.pages)
        return 0


@pytest.fixture
def mapped(tmp_path: Path) -> Iterator[Mapped]:
    made = Mapped(tmp_path / "file")
    yield made
    made.file.close()


@linux
def test_what_was_just_written_is_in_memory(mapped: Mapped) -> None:
    residency = Residency()
    size = len(mapped.view)
    for offset, count in ((0, 1), (0, size), (GRANULE_BYTES - 1, 2), (size - 1, 1), (5, GRANULE_BYTES)):
        assert residency.resident("k", mapped.view, offset, count)


def test_a_granule_that_is_whole_is_trusted_for_a_while(
    mapped: Mapped, monkeypatch: pytest.MonkeyPatch
) -> None:
    kernel = Kernel(mapped, monkeypatch)
    now = [100.0]
    monkeypatch.setattr(resident.time, "monotonic", lambda: now[0])
    granule = GRANULE_BYTES // mmap.PAGESIZE
    kernel.pages = set(range(granule))
    residency = Residency()
    assert residency.resident("k", mapped.view, 5, GRANULE_BYTES - 5)
    assert kernel.calls == 1
    kernel.pages.clear()
    assert residency.resident("k", mapped.view, 0, GRANULE_BYTES)
    assert kernel.calls == 1
    assert not residency.resident("k", mapped.view, 0, GRANULE_BYTES + 1)
    now[0] += resident.TRUSTED_S
    assert not residency.resident("k", mapped.view, 0, 1)


def test_a_stretch_counts_alone_where_its_granule_is_not_whole(
    mapped: Mapped, monkeypatch: pytest.MonkeyPatch
) -> None:
    kernel = Kernel(mapped, monkeypatch)
    kernel.pages = {2, 3}
    residency = Residency()
    page = mmap.PAGESIZE
    for offset, count, expected in (
        (2 * page, 2 * page, True),
        (2 * page, 1, True),
        (4 * page - 1, 1, True),
        (2 * page - 1, 2, False),
        (3 * page, page + 1, False),
        (4 * page, 1, False),
    ):
        assert residency.resident("k", mapped.view, offset, count) is expected, (offset, count)


def test_the_end_of_the_map_and_the_seam_of_granules(mapped: Mapped, monkeypatch: pytest.MonkeyPatch) -> None:
    kernel = Kernel(mapped, monkeypatch)
    size, page = len(mapped.view), mmap.PAGESIZE
    last = (size - 1) // page
    seam = GRANULE_BYTES // page
    kernel.pages = {last, seam - 1, seam}
    residency = Residency()
    assert residency.resident("k", mapped.view, size - 1, 1)
    assert residency.resident("k", mapped.view, GRANULE_BYTES - 1, 2)
    kernel.pages.discard(seam)
    assert not residency.resident("k", mapped.view, GRANULE_BYTES - 1, 2)


def test_a_kernel_that_refuses(mapped: Mapped, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resident, "_mincore", lambda: lambda *_: -1)
    assert not Residency().resident("k", mapped.view, 0, 1)


def test_another_map_under_a_key_is_asked_by_its_own_address(
    mapped: Mapped, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kernel = Kernel(mapped, monkeypatch)
    kernel.pages = {0}
    residency = Residency()
    assert residency.resident("k", mapped.view, 0, 10)
    other = Mapped(tmp_path / "other")
    assert not residency.resident("k", other.view, 0, 10)
    assert residency._addresses["k"][0]() is other.view
    other.file.close()


@linux
def test_what_is_remembered_is_bounded(mapped: Mapped, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resident, "ADDRESSES_MAX", 3)
    monkeypatch.setattr(resident, "GRANULES_MAX", 5)
    residency = Residency()
    for number in range(20):
        assert residency.resident(str(number), mapped.view, 0, 10)
        assert len(residency._addresses) <= 3
        assert len(residency._trusted) <= 5


def test_elsewhere_nothing_counts(mapped: Mapped, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "plan9")
    assert not Residency().resident("k", mapped.view, 0, 1)


def test_a_deleted_blob_gives_its_space_back(tmp_path: Path) -> None:
    """A map that is remembered would keep the deleted file's bytes on the disk, and a descriptor open."""
    mapped = Mapped(tmp_path / "file")
    residency = Residency()
    residency.resident("k", mapped.view, 0, len(mapped.view))
    gone = weakref.ref(mapped.view)
    mapped.file.close()
    del mapped
    assert gone() is None
