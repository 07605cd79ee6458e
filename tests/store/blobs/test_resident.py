"""Which stretches of a map are in memory, asked of a real file."""

from __future__ import annotations

import mmap
import os
import sys
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
        os.fsync(self.file.fileno())
        self.view = memoryview(mmap.mmap(self.file.fileno(), 0, prot=mmap.PROT_READ))

    def drop(self) -> None:
        """Take it out of memory; skip where the file system keeps it there."""
        os.posix_fadvise(self.file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        if Residency().resident("other", self.view, 2 * GRANULE_BYTES, 10):
            pytest.skip("this file system holds its files in memory")


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


@linux
def test_what_was_dropped_is_not(mapped: Mapped) -> None:
    mapped.drop()
    residency = Residency()
    assert not residency.resident("k", mapped.view, 0, 4096)
    bytes(mapped.view[:GRANULE_BYTES])
    assert residency.resident("k", mapped.view, 0, GRANULE_BYTES)
    assert not residency.resident("k", mapped.view, 0, len(mapped.view))


@linux
def test_a_stretch_counts_alone_where_its_granule_is_not_whole(mapped: Mapped) -> None:
    mapped.drop()
    os.posix_fadvise(mapped.file.fileno(), 0, 0, os.POSIX_FADV_RANDOM)
    os.pread(mapped.file.fileno(), 4096, 8192)
    residency = Residency()
    assert residency.resident("k", mapped.view, 8192, 4096)
    assert not residency.resident("k", mapped.view, 8192, 400_000)


@linux
def test_another_map_under_a_key_is_asked_anew(mapped: Mapped, tmp_path: Path) -> None:
    residency = Residency()
    assert residency.resident("k", mapped.view, 0, 10)
    residency._trusted.clear()
    other = Mapped(tmp_path / "other")
    other.drop()
    assert not residency.resident("k", other.view, 0, 10)
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
