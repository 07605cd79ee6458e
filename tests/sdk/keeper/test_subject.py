"""A file that is sent is read where it lies: what it was, and that it stayed so."""

from __future__ import annotations

import hashlib
import os
import threading
from pathlib import Path

import pytest

from sdk.keeper import subject as module
from sdk.keeper.ledger import Sent
from sdk.keeper.meter import Meter
from sdk.keeper.subject import (
    SMALL_BYTES,
    Needless,
    Subject,
    Unstable,
    Vanished,
    Window,
    open_file,
    still_as_sent,
)


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def later(path: str) -> None:
    """A time that any file system tells from the one before."""
    now = Path(path).stat().st_mtime_ns
    os.utime(path, ns=(now, now + 10_000_000_000))


def test_a_file_that_is_gone() -> None:
    with pytest.raises(Vanished, match="No such file"):
        open_file("absent")
    Path("folder").mkdir()
    with pytest.raises(Vanished, match="directory"):
        open_file("folder")
    os.mkfifo("pipe")
    Path("null").symlink_to("/dev/null")
    for name in ("pipe", "null"):
        with pytest.raises(Vanished, match="not a regular file"):
            open_file(name)


@pytest.mark.parametrize("size", [0, 1, SMALL_BYTES, SMALL_BYTES + 1])
def test_what_it_was(size: int) -> None:
    data = os.urandom(size)
    Path("f").write_bytes(data)
    with open_file("f") as file:
        subject = Subject(file)
        assert subject.small == (data if size <= SMALL_BYTES else None)
        assert subject.hashed is None
        with Path("f").open("ab") as growing:
            growing.write(b"grown")
        digest = subject.digest()
        assert (digest.size, digest.sha256) == (size, hashlib.sha256(data).hexdigest())
        assert subject.sent(7) == Sent(
            size, digest.sha256, 7, subject.seen.st_ino, subject.seen.st_mtime_ns, True
        )


def test_it_is_hashed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("f").write_bytes(b"data")
    with open_file("f") as file:
        subject = Subject(file)
        first = subject.digest()
        monkeypatch.delattr(module, "_digest")
        assert subject.digest() == first


@pytest.mark.parametrize("size", [10, SMALL_BYTES + 1])
def test_changed_since_it_was_seen(size: int) -> None:
    Path("f").write_bytes(os.urandom(size))
    with open_file("f") as file:
        changed, shorter = Subject(file), Subject(file)
        later("f")
        with pytest.raises(Unstable, match="changed"):
            changed.digest()
        os.truncate("f", 5)
        with pytest.raises(Unstable, match="changed"):
            shorter.digest()


def test_looks() -> None:
    def look() -> str:
        with open_file("f") as file:
            return Subject(file).look

    Path("f").write_bytes(b"data")
    looks = [look()]
    assert look() == looks[0]
    later("f")
    looks.append(look())
    times = Path("f").stat()
    Path("f").write_bytes(b"more data")
    os.utime("f", ns=(times.st_atime_ns, times.st_mtime_ns))
    looks.append(look())
    Path("new").write_bytes(b"more data")
    os.utime("new", ns=(times.st_atime_ns, times.st_mtime_ns))
    Path("new").rename("f")
    looks.append(look())
    assert len(set(looks)) == 4


def test_a_window() -> None:
    Path("f").write_bytes(b"0123456789")
    meter, needless = Meter(), threading.Event()
    with open_file("f") as file:
        window = Window(file, 2, 5, meter, needless)
        assert [window.read(3), window.read(), window.read(3), window.read()] == [b"234", b"56", b"", b""]
        assert meter.bytes == 5
        with pytest.raises(Unstable, match="shorter"):
            Window(file, 10, 1, meter, needless).read()
        needless.set()
        with pytest.raises(Needless):
            Window(file, 0, 5, meter, needless).read(1)
        assert meter.bytes == 5


def test_as_sent(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_text("abc")
    seen = path.stat()
    sent = Sent(3, "", 1, seen.st_ino, seen.st_mtime_ns, False)
    assert still_as_sent(str(path), sent)
    later(str(path))
    assert not still_as_sent(str(path), sent)
    path.unlink()
    assert still_as_sent(str(path), sent)
