"""What the folder of blobs promises beyond the interface."""

import errno
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from store.blobs import LocalBlobs, Piece, disk, new_key
from store.errors import NoSpace, Unavailable

MIB = 1024 * 1024


@pytest.fixture
def blobs(tmp_path: Path) -> LocalBlobs:
    """An empty folder of blobs."""
    return LocalBlobs(tmp_path / "blobs")


def left(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


class Recorder:
    """Notes the calls that make a blob durable, and can let one of them fail."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.calls: list[str] = []
        self.failing: dict[str, int] = {}
        for name in ("open", "pwrite", "fsync", "rename"):
            self._wrap(monkeypatch, name)

    def _wrap(self, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
        real = getattr(os, name)

        def call(*args: Any, **kwargs: Any) -> Any:
            self.calls.append(f"{name} {self._subject(args[0])}")
            number = self.failing.get(self.calls[-1])
            if number:
                raise OSError(number, os.strerror(number))
            return real(*args, **kwargs)

        monkeypatch.setattr(os, name, call)

    def _subject(self, file: Any) -> str:
        """The folder of a file that is named or open; "folder" for one that is open itself."""
        if not isinstance(file, int):
            return Path(file).parent.name
        path = Path(f"/proc/self/fd/{file}").readlink()
        return "folder" if path.is_dir() else path.parent.name


async def test_the_order_that_survives_power_cuts(blobs: LocalBlobs, monkeypatch: pytest.MonkeyPatch) -> None:
    recorder = Recorder(monkeypatch)
    writer = await blobs.writer(key := new_key())
    await writer.write(b"x")
    await writer.commit()
    calls = [call for call in recorder.calls if not call.startswith("open")]
    assert calls == ["pwrite tmp", "fsync tmp", "rename tmp", "fsync folder"]
    assert (await blobs.size(key)) == 1


@pytest.mark.parametrize("call", ["open tmp", "pwrite tmp", "fsync tmp", "rename tmp"])
@pytest.mark.parametrize(("number", "expected"), [(errno.EIO, Unavailable), (errno.ENOSPC, NoSpace)])
async def test_a_failure_stores_nothing(
    blobs: LocalBlobs,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    call: str,
    number: int,
    expected: type[Exception],
) -> None:
    recorder = Recorder(monkeypatch)
    recorder.failing[call] = number
    writer = await blobs.writer(new_key())
    await writer.write(b"x")
    with pytest.raises(expected):
        await writer.commit()
    recorder.failing.clear()
    await writer.abort()
    assert left(tmp_path / "blobs") == []


async def test_a_failed_fsync_is_not_tried_again(blobs: LocalBlobs, monkeypatch: pytest.MonkeyPatch) -> None:
    recorder = Recorder(monkeypatch)
    recorder.failing["fsync folder"] = errno.EIO
    writer = await blobs.writer(new_key())
    await writer.write(b"x")
    with pytest.raises(Unavailable):
        await writer.commit()
    assert recorder.calls.count("fsync folder") == 1


async def test_a_part_is_durable_with_its_name(blobs: LocalBlobs, monkeypatch: pytest.MonkeyPatch) -> None:
    recorder = Recorder(monkeypatch)
    writer = await blobs.piece_writer(key := new_key(), key, 1, 0)
    await writer.write(b"x")
    piece = await writer.commit()
    calls = [call for call in recorder.calls if not call.startswith("open")]
    assert calls == ["pwrite pieces", "fsync pieces", "fsync folder"]
    recorder.calls.clear()
    await blobs.join(key, key, [piece])
    assert [call for call in recorder.calls if call.startswith(("fsync", "rename"))] == [
        "fsync pieces",
        "rename pieces",
        "fsync folder",
    ]


async def test_join_after_a_crash_past_the_rename(blobs: LocalBlobs, tmp_path: Path) -> None:
    writer = await blobs.piece_writer(key := new_key(), key, 1, 0)
    await writer.write(b"content")
    piece = await writer.commit()
    folder = tmp_path / "blobs"
    disk.publish(folder / "pieces" / key, folder / key[:2] / key)
    stored = await blobs.join(key, key, [Piece(1, piece.size, piece.etag)])
    assert (stored.key, stored.size) == (key, 7)


async def test_room_is_left_for_the_catalog(blobs: LocalBlobs, monkeypatch: pytest.MonkeyPatch) -> None:
    class Disk:
        f_bavail, f_frsize, f_blocks = 100, MIB, 1000  # 100 MiB free of 1000: 50 are reserved

    monkeypatch.setattr(os, "statvfs", lambda path: Disk)
    await (await blobs.writer(new_key(), size=50 * MIB)).abort()
    with pytest.raises(NoSpace, match=f"{50 * MIB} are left"):
        await blobs.writer(new_key(), size=50 * MIB + 1)
    Disk.f_bavail = 49
    with pytest.raises(NoSpace, match="0 are left"):
        await blobs.writer(new_key())
    with pytest.raises(NoSpace):
        await blobs.piece_writer(new_key(), "id", 1, 0)


async def test_views_are_bounded_but_stay_good(blobs: LocalBlobs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("store.blobs.local.VIEWS_MAX", 2)
    keys, views = [], []
    for number in range(4):
        writer = await blobs.writer(new_key())
        await writer.write(bytes([number]))
        keys.append((await writer.commit()).key)
        views.append(blobs.view(keys[-1]))
    assert [bytes(view) for view in views if view is not None] == [b"\0", b"\1", b"\2", b"\3"]
    assert list(blobs._views) == keys[2:]
    assert blobs.view(keys[2]) is views[2]
    blobs.view(keys[0])
    assert list(blobs._views) == [keys[2], keys[0]]


async def test_files_are_private(blobs: LocalBlobs) -> None:
    writer = await blobs.writer(new_key())
    await writer.write(b"x")
    path = blobs.path((await writer.commit()).key)
    assert path is not None
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(Unavailable, match="cannot use the blob folder"):
        LocalBlobs(tmp_path / "file" / "blobs")


async def test_a_folder_that_is_gone_is_told(tmp_path: Path) -> None:
    blobs = LocalBlobs(tmp_path / "blobs")
    await blobs.check()
    shutil.rmtree(tmp_path / "blobs")
    with pytest.raises(Unavailable, match="not there any more"):
        await blobs.check()
    await blobs.close()


async def test_what_others_leave_in_the_folder_is_no_blob(blobs: LocalBlobs, tmp_path: Path) -> None:
    writer = await blobs.writer(new_key())
    await writer.write(b"x")
    key = (await writer.commit()).key
    folder = tmp_path / "blobs" / "ab"
    (folder / ".DS_Store").write_bytes(b"")
    (folder / ("cd" * 16)).write_bytes(b"in another key's folder")
    (folder / ("ab" * 16)).mkdir()
    (tmp_path / "secret").write_bytes(b"secret")
    (folder / ("ab" + "0" * 30)).symlink_to(tmp_path / "secret")
    (folder / ("ab" + "1" * 30)).symlink_to(tmp_path / "nothing")
    assert [found.key async for found in blobs.keys()] == [key]  # noqa: SIM118


async def test_a_link_in_a_blobs_place_is_not_followed(blobs: LocalBlobs, tmp_path: Path) -> None:
    key = new_key()
    (tmp_path / "secret").write_bytes(b"secret")
    (tmp_path / "blobs" / key[:2] / key).symlink_to(tmp_path / "secret")
    with pytest.raises(Unavailable):
        await blobs.read(key, 0, 6)
    with pytest.raises(Unavailable):
        blobs.view(key)
    (tmp_path / "blobs" / "pieces" / key).symlink_to(tmp_path / "secret")
    writer = await blobs.piece_writer(key, key, 1, 0)
    await writer.write(b"x")
    with pytest.raises(Unavailable):
        await writer.commit()
    await writer.abort()
    assert (tmp_path / "secret").read_bytes() == b"secret"
