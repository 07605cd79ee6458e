"""Parts in one file: durable one by one, and hashed behind unless that cannot be."""

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from store.blobs import Expected, LocalBlobs, Piece, new_key
from store.blobs.hash_behind import HashBehind
from store.blobs.local_pieces import LocalPieceWriter, join
from store.errors import Mismatch

PART = 4096


class Noted(HashBehind):
    """Notes what it is told, and hashes nothing before the end."""

    def __init__(self, file: Path) -> None:
        super().__init__(file, lambda work: None)
        self.told: list[tuple[Any, ...]] = []

    def before(self, offset: int) -> None:
        self.told.append(("before", offset))
        super().before(offset)

    def durable(self, offset: int, size: int) -> None:
        self.told.append(("durable", offset, size))
        super().durable(offset, size)

    def given_up(self, offset: int) -> None:
        self.told.append(("given up", offset))
        super().given_up(offset)


@pytest.fixture
def behind(tmp_path: Path) -> Noted:
    """Follows tmp_path/pieces."""
    return Noted(tmp_path / "pieces")


def writer(behind: Noted, tmp_path: Path, number: int) -> LocalPieceWriter:
    executor = ThreadPoolExecutor(1)
    return LocalPieceWriter(executor, tmp_path / "pieces", number, (number - 1) * PART, behind)


async def test_the_hash_is_told_before_a_byte_and_after_the_last(
    behind: Noted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.fsync
    monkeypatch.setattr(os, "fsync", lambda fd: (behind.told.append(("fsync",)), real(fd))[1])
    part = writer(behind, tmp_path, 2)
    await part.write(b"x" * PART)
    assert behind.told == []
    assert await part.commit(Expected(PART)) == Piece(2, PART, "")
    assert behind.told == [("before", PART), ("fsync",), ("fsync",), ("durable", PART, PART)]
    await part.abort()
    assert len(behind.told) == 4  # harmless after commit


@pytest.mark.parametrize("size", [0, 3])
async def test_a_part_given_up_is_told_if_it_was_begun(behind: Noted, tmp_path: Path, size: int) -> None:
    part = writer(behind, tmp_path, 1)
    await part.write(b"x" * size)
    if size:
        with pytest.raises(Mismatch):
            await part.commit(Expected(size + 1))
    await part.abort()
    assert behind.told == ([("before", 0), ("given up", 0)] if size else [])


async def test_the_whole_is_measured_whoever_hashed_it(behind: Noted, tmp_path: Path) -> None:
    content = os.urandom(2 * PART)
    truth = hashlib.sha256(content).digest()
    for md5, followed in ((False, behind), (True, behind), (False, None)):
        target = tmp_path / f"{md5}{followed is None}"
        (tmp_path / "pieces").write_bytes(content + b"of a longer part")
        stored = join(tmp_path / "pieces", target, len(content), md5, followed)
        assert (stored.size, stored.sha256) == (len(content), truth)
        assert stored.md5 == (hashlib.md5(content).digest() if md5 else None)
        assert target.read_bytes() == content
        again = join(
            tmp_path / "pieces", target, len(content), md5, followed
        )  # by one who died and came back
        assert again == stored


async def test_parts_of_a_large_file_are_not_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blobs = LocalBlobs(tmp_path / "blobs")
    content = os.urandom(3 << 20)
    key = new_key()
    pieces = []
    for number in range(3):
        part = await blobs.piece_writer(key, key, number + 1, number << 20)
        await part.write(content[number << 20 : (number + 1) << 20])
        pieces.append(await part.commit())
    blobs._hashers.shutdown(wait=True)  # what follows has come to the end
    monkeypatch.setattr(os, "pread", None)
    monkeypatch.setattr("store.blobs.disk.hash_file", None)
    stored = await blobs.join(key, key, pieces, md5=False)
    assert stored.sha256 == hashlib.sha256(content).digest()
    assert blobs._behind == {}
