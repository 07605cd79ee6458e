import errno
import hashlib
import os
from pathlib import Path

import pytest

from store.blobs import disk
from store.errors import Absent, NoSpace, Unavailable


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (errno.ENOENT, Absent),
        (errno.ENOSPC, NoSpace),
        (errno.EDQUOT, NoSpace),
        (errno.EIO, Unavailable),
        (errno.EMFILE, Unavailable),
        (errno.EROFS, Unavailable),
    ],
)
def test_errors_leave_as_ours(number: int, expected: type[Exception]) -> None:
    def fails() -> None:
        raise OSError(number, os.strerror(number), "/some/file")

    with pytest.raises(expected):
        disk.translated(fails)()


def test_short_writes_are_gone_on_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.pwrite
    monkeypatch.setattr(os, "pwrite", lambda fd, data, offset: real(fd, bytes(data)[:3], offset))
    fd = os.open(tmp_path / "f", os.O_RDWR | os.O_CREAT)
    assert disk.write_all(fd, [b"hello", b"", memoryview(b"world")], 2) == 10
    assert os.pread(fd, 100, 0) == b"\0\0helloworld"
    os.close(fd)


def test_a_write_that_takes_nothing_is_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "pwrite", lambda fd, data, offset: 0)
    fd = os.open(tmp_path / "f", os.O_RDWR | os.O_CREAT)
    with pytest.raises(NoSpace):
        disk.translated(disk.write_all)(fd, [b"x"], 0)
    os.close(fd)


def test_short_reads_are_gone_on_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "f").write_bytes(b"0123456789")
    real = os.pread
    monkeypatch.setattr(os, "pread", lambda fd, count, offset: real(fd, min(count, 3), offset))
    assert disk.read_at(tmp_path / "f", 1, 8) == b"12345678"
    assert disk.read_at(tmp_path / "f", 8, 8) == b"89"
    assert disk.read_at(tmp_path / "f", 99, 8) == b""


def test_hash_file(tmp_path: Path) -> None:
    content = b"x" * (disk.READ_BYTES * 2 + 1)
    (tmp_path / "f").write_bytes(content)
    sha256, md5 = hashlib.sha256(content).digest(), hashlib.md5(content).digest()
    assert disk.hash_file(tmp_path / "f", md5=True) == (len(content), sha256, md5)
    assert disk.hash_file(tmp_path / "f", md5=False) == (len(content), sha256, None)


def test_publish_and_remove(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    (tmp_path / "a" / "x").write_bytes(b"1")
    disk.publish(tmp_path / "a" / "x", tmp_path / "b" / "y")
    assert [found.key for found in disk.listed(tmp_path / "a")] == []
    assert [(found.key, found.size) for found in disk.listed(tmp_path / "b")] == [("y", 1)]
    disk.remove(tmp_path / "b" / "y")
    disk.remove(tmp_path / "b" / "y")
    assert disk.listed(tmp_path / "b") == []


def test_clear_takes_the_old(tmp_path: Path) -> None:
    for name, mtime_ns in (("old", 5), ("new", 10)):
        (tmp_path / name).write_bytes(b"")
        os.utime(tmp_path / name, ns=(mtime_ns, mtime_ns))
    assert disk.clear(tmp_path, 10) == 1
    assert [found.key for found in disk.listed(tmp_path)] == ["new"]


def test_what_is_large_is_written_back_while_more_comes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    advice: list[tuple[int, ...]] = []

    def advise(fd: int, offset: int, count: int, what: int) -> None:
        advice.append((offset, count, what))
        raise OSError(errno.ENOSYS, "it is only advice")

    monkeypatch.setattr(os, "posix_fadvise", advise)
    fd = os.open(tmp_path / "file", os.O_RDWR | os.O_CREAT)
    half = b"x" * (disk.WRITE_BACK_BYTES // 2)
    assert disk.write_all(fd, [half, half], 100) == len(half) * 2
    assert disk.write_all(fd, [half], 0) == len(half)
    assert advice == [(100, len(half) * 2, os.POSIX_FADV_DONTNEED)]
    os.close(fd)
