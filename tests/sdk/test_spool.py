"""The spool keeps everything that was given to it, on disk, and in memory while the disk takes nothing."""

from __future__ import annotations

import errno
import json
import multiprocessing
import os
import signal
import stat
from pathlib import Path
from typing import Any

import pytest

from sdk import spool as module
from sdk.errors import NotASpool
from sdk.records import SEGMENT_BYTES, Reader, Writer, segment_path, segments
from sdk.spool import Kind, Spool, found, remove, sender_lock, writer_lock

BOUND = 1 << 40


def payloads(folder: str) -> list[bytes]:
    reader, read = Reader(folder), []
    while more := reader.read():
        read += more
    return read


def test_records_are_there_before_the_call_returns(tmp_path: Path) -> None:
    spool = Spool(str(tmp_path), "run1", BOUND)
    spool.event("run", run={"id": "run1"})
    spool.history(b'{"loss":1}')
    spool.console("größer".encode())
    assert payloads(spool.folder) == [
        b'e{"event":"run","run":{"id":"run1"}}',
        b'h{"loss":1}',
        b"c" + "größer".encode(),
    ]
    assert spool.flush()
    assert (spool.dropped, spool.held, spool.trouble) == (0, 0, None)


def test_nobody_else_may_read_a_spool(tmp_path: Path) -> None:
    spool = Spool(str(tmp_path / "root"), "run1", BOUND)
    for path in (tmp_path / "root", Path(spool.folder), *Path(spool.folder).iterdir()):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


def test_each_run_has_its_own_folder(tmp_path: Path) -> None:
    folders = [Spool(str(tmp_path), "same", BOUND).folder for _ in range(3)]
    assert len(set(folders)) == 3
    assert sorted(found(str(tmp_path))) == sorted(folders)
    assert found(folders[0]) == [folders[0]]
    assert found(str(tmp_path / "absent")) == []
    (tmp_path / "file").write_text("")
    with pytest.raises(NotASpool):
        found(str(tmp_path / "file"))
    remove(folders[0])
    assert sorted(found(str(tmp_path))) == sorted(folders[1:])


class Disk:
    """A disk that can be full."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.full = False
        self._write = os.write
        monkeypatch.setattr("sdk.records.os.write", self.write)
        self.now = 100.0
        monkeypatch.setattr(module.time, "monotonic", lambda: self.now)

    def write(self, file: int, data: bytes) -> int:
        if self.full:
            raise OSError(errno.ENOSPC, "No space left on device")
        return self._write(file, data)


def test_a_full_disk_loses_nothing_while_memory_lasts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = Disk(monkeypatch)
    spool = Spool(str(tmp_path), "run1", BOUND)
    spool.history(b"1")
    disk.full = True
    spool.history(b"2")
    spool.event("save", files=[])
    assert spool.trouble is not None
    assert spool.trouble.errno == errno.ENOSPC
    assert (spool.held, spool.dropped) == (2, 0)
    disk.full = False
    spool.history(b"3")  # too soon: the disk is asked again after a pause
    assert spool.held == 3
    disk.now += module.DISK_RETRY_S
    spool.history(b"4")
    assert spool.trouble is None
    assert payloads(spool.folder) == [b"h1", b"h2", b'e{"event":"save","files":[]}', b"h3", b"h4"]


def test_beyond_memory_lines_are_counted_and_events_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = Disk(monkeypatch)
    monkeypatch.setattr(module, "HELD_MAX_BYTES", 100)
    spool = Spool(str(tmp_path), "run1", BOUND)
    disk.full = True
    for _ in range(10):
        spool.history(b"x" * 31)  # 40 bytes with its header and kind
    spool.event("finish", exit_code=0)
    assert (spool.held, spool.dropped) == (3, 8)
    complaints = [spool.complaint() or "" for _ in range(3)]
    assert "No space left on device" in complaints[0]
    assert "are lost now" in complaints[1]
    assert complaints[2] == ""
    assert not spool.flush()
    disk.full = False
    assert spool.flush()
    assert payloads(spool.folder) == [b"h" + b"x" * 31] * 2 + [b'e{"event":"finish","exit_code":0}']


def test_a_spool_has_a_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Disk(monkeypatch)
    spool = Spool(str(tmp_path), "run1", 2 * SEGMENT_BYTES)
    line = b"x" * (SEGMENT_BYTES // 4)
    for _ in range(20):
        spool.history(line)
    assert len(segments(spool.folder)) == 3
    assert spool.trouble is not None
    assert spool.trouble.errno == errno.EDQUOT
    for segment in (1, 2):
        Path(segment_path(spool.folder, segment)).unlink()
    assert spool.flush()  # what was sent made room
    assert spool.trouble is None


def _hold(root: str, pipe: Any) -> None:
    spool = Spool(root, "run1", BOUND)
    spool.history(b"acknowledged")
    pipe.send(spool.folder)
    signal.pause()


def test_a_killed_writer_leaves_its_records_and_its_lock(tmp_path: Path) -> None:
    here, there = multiprocessing.Pipe()
    writer = multiprocessing.get_context("fork").Process(target=_hold, args=(str(tmp_path), there))
    writer.start()
    folder = here.recv()
    assert not writer_lock(folder).take()
    writer.kill()
    writer.join()
    lock = writer_lock(folder)
    assert lock.take()
    lock.drop()
    assert writer_lock(folder).take()
    assert payloads(folder) == [b"hacknowledged"]


def test_a_spool_that_can_be_found_has_its_writer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else it would be taken for one of a process that died, sent and removed."""

    class Late(Writer):
        def __init__(self, folder: str) -> None:
            super().__init__(folder)
            assert found(str(tmp_path)) == [folder]
            assert not writer_lock(folder).take()

    monkeypatch.setattr(module, "Writer", Late)
    assert Spool(str(tmp_path), "run1", BOUND).folder


def test_one_sender(tmp_path: Path) -> None:
    spool = Spool(str(tmp_path), "run1", BOUND)
    lock = sender_lock(spool.folder)
    assert lock.take()
    assert not sender_lock(spool.folder).take()
    assert not writer_lock(spool.folder).take()
    spool.close()
    assert writer_lock(spool.folder).take()


def test_an_event_is_strict_json(tmp_path: Path) -> None:
    spool = Spool(str(tmp_path), "run1", BOUND)
    spool.event("update", config={"lr": float("nan")})
    assert json.loads(payloads(spool.folder)[0].removeprefix(Kind.EVENT))["config"] == {"lr": "NaN"}
