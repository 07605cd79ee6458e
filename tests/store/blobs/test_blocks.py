import os
from pathlib import Path

import pytest

from store.blobs.blocks import DIGEST_BYTES, Blocks
from store.errors import Unavailable

KEY = "a" * 32


@pytest.fixture
def blocks(tmp_path: Path) -> Blocks:
    """Room for three blocks of ten bytes."""
    return Blocks(tmp_path / "cache", 3 * (10 + DIGEST_BYTES))


def kept(blocks: Blocks, count: int) -> list[int]:
    return [number for number in range(count) if blocks.get((KEY, number)) is not None]


def test_what_was_put_is_got(blocks: Blocks) -> None:
    assert blocks.get((KEY, 0)) is None
    blocks.put((KEY, 0), b"0123456789")
    blocks.put((KEY, 1), b"")
    assert blocks.get((KEY, 0)) == b"0123456789"
    assert blocks.get((KEY, 1)) == b""
    assert blocks.get(("b" * 32, 0)) is None


def test_what_was_used_longest_ago_goes_first(blocks: Blocks, tmp_path: Path) -> None:
    for number in range(3):
        blocks.put((KEY, number), b"x" * 10)
    blocks.get((KEY, 0))
    blocks.put((KEY, 3), b"x" * 10)
    assert kept(blocks, 5) == [0, 2, 3]
    assert len(list((tmp_path / "cache").iterdir())) == 3
    blocks.put((KEY, 4), b"x" * 1000)  # larger than all the room
    assert kept(blocks, 5) == []
    assert list((tmp_path / "cache").iterdir()) == []


@pytest.mark.parametrize("damage", [b"", b"short", b"?" * 100])
def test_what_the_disk_changed_is_not_believed(blocks: Blocks, tmp_path: Path, damage: bytes) -> None:
    blocks.put((KEY, 0), b"0123456789")
    (file,) = (tmp_path / "cache").iterdir()
    file.write_bytes(damage)
    assert blocks.get((KEY, 0)) is None
    assert not file.exists()
    blocks.put((KEY, 0), b"0123456789")
    assert blocks.get((KEY, 0)) == b"0123456789"


def test_one_flipped_bit(blocks: Blocks, tmp_path: Path) -> None:
    blocks.put((KEY, 0), b"0123456789")
    (file,) = (tmp_path / "cache").iterdir()
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    assert blocks.get((KEY, 0)) is None


def test_the_next_process_finds_them(blocks: Blocks, tmp_path: Path) -> None:
    for number in range(3):
        blocks.put((KEY, number), b"x" * 10)
        os.utime(tmp_path / "cache" / f"{KEY}.{number}", (number, number))
    (tmp_path / "cache" / f"{KEY}.tmp7").write_bytes(b"torn")
    again = Blocks(tmp_path / "cache", 2 * (10 + DIGEST_BYTES))
    assert kept(again, 3) == [1, 2]
    assert len(list((tmp_path / "cache").iterdir())) == 2


def test_drop(blocks: Blocks) -> None:
    for number in range(2):
        blocks.put((KEY, number), b"x")
    blocks.put(("b" * 32, 0), b"other")
    blocks.drop((KEY, 1))
    assert kept(blocks, 2) == [0]
    blocks.drop_all(KEY)
    assert kept(blocks, 2) == []
    assert blocks.get(("b" * 32, 0)) == b"other"


def test_a_disk_that_takes_nothing(blocks: Blocks, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Path, data: bytes) -> int:
        raise OSError(28, "no space")

    monkeypatch.setattr(Path, "write_bytes", full)
    blocks.put((KEY, 0), b"x")
    assert blocks.get((KEY, 0)) is None


def test_a_folder_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(Unavailable, match="cannot use the cache folder"):
        Blocks(tmp_path / "file" / "cache", 1)
