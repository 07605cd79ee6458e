from __future__ import annotations

import os
import pwd
import stat
from pathlib import Path

import pytest

from runfs import folder
from runfs.errors import CommandError


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_made_private_with_what_is_above_it(tmp_path: Path) -> None:
    data = tmp_path / "a" / "b"
    folder.make(data, None)
    assert mode(data) == 0o700
    folder.make(data, None)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_made_for_its_owner(tmp_path: Path) -> None:
    nobody = pwd.getpwnam("nobody")
    folder.make(tmp_path / "a" / "b", nobody)
    assert (tmp_path / "a" / "b").stat().st_uid == nobody.pw_uid
    assert (tmp_path / "a").stat().st_uid == nobody.pw_uid
    assert tmp_path.stat().st_uid == 0


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for attempt, data in ((lambda data: folder.make(data, None), "file/x"), (folder.lock, "file")):
        with pytest.raises(CommandError, match=r"cannot write the data folder .*--data DIR") as refused:
            attempt(tmp_path / data)
        assert refused.value.status == 2


def test_one_daemon_a_folder(tmp_path: Path) -> None:
    held = folder.lock(tmp_path)
    with pytest.raises(CommandError, match="another runfs serves"):
        folder.lock(tmp_path)
    assert folder.is_locked(tmp_path)
    os.close(held)
    assert not folder.is_locked(tmp_path)
    assert not folder.is_locked(tmp_path / "absent")
    os.close(folder.lock(tmp_path))


def test_the_key_is_its_owners_alone(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("an older and longer one, open to all\n")
    (tmp_path / "key").chmod(0o644)
    path = folder.write_key(tmp_path, "runfs_key")
    assert path.read_text() == "runfs_key\n"
    assert mode(path) == 0o600


def test_where_the_bytes_are_is_remembered(tmp_path: Path) -> None:
    assert folder.noted_blobs(tmp_path) is None
    folder.note_blobs(tmp_path, None)
    folder.note_blobs(tmp_path, "s3://bucket/größe")
    assert folder.noted_blobs(tmp_path) == "s3://bucket/größe"
    folder.note_blobs(tmp_path, None)
    assert folder.noted_blobs(tmp_path) is None
    assert list(tmp_path.iterdir()) == []
