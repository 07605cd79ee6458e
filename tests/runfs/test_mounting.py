from __future__ import annotations

import os
import shlex
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from runfs import mounting
from runfs.__main__ import main
from runfs.mounts import Mounted


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The commands that were run; each ends with status 32, as a failed mount does."""
    commands: list[list[str]] = []

    def run(command: list[str], **_: object) -> SimpleNamespace:
        commands.append(command)
        return SimpleNamespace(returncode=32)

    monkeypatch.setattr(subprocess, "run", run)
    return commands


@pytest.fixture
def root(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine on which a mount would work."""
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(mounting, "has_mount_nfs", lambda: True)


def test_print_says_what_would_be_run(
    here: Any, ran: list[list[str]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["mount", "--print", str(tmp_path / "runs")]) == 0
    port = here.nfs.rpartition(":")[2]
    options = f"ro,vers=3,proto=tcp,port={port},mountproto=tcp,mountport={port},nolock"
    assert capsys.readouterr().out == f"mount -t nfs -o {options} localhost:/ {tmp_path}/runs\n"
    assert not ran
    assert not (tmp_path / "runs").exists()


def test_root_mounts_and_gets_the_status(
    here: Any,
    ran: list[list[str]],
    root: None,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["mount", "--path", "/projects/team/vision", str(tmp_path / "runs")]) == 32
    assert ran[0][-2:] == ["localhost:/projects/team/vision", f"{tmp_path}/runs"]
    assert (tmp_path / "runs").is_dir()
    assert "runfs doctor" in capsys.readouterr().err


def test_what_is_missing_is_said(
    here: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert main(["mount", str(tmp_path)]) == 2
    assert "sudo" in capsys.readouterr().err
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(mounting, "has_mount_nfs", lambda: False)
    assert main(["mount", str(tmp_path)]) == 2
    assert "nfs-common" in capsys.readouterr().err
    assert main(["mount"]) == 2
    assert main(["mount", "--nfs", "127.0.0.1:1", str(tmp_path)]) == 1
    assert "runfs serve" in capsys.readouterr().err


def test_conf(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["mount", "--conf", "--nfs", "127.0.0.1:5000"]) == 0
    assert "mountport=5000" in capsys.readouterr().out


def test_a_folder_that_will_not_do(
    here: Any, ran: list[list[str]], root: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "file"
    file.touch()
    assert main(["mount", str(file)]) == 2
    assert f"{file} is no folder" in capsys.readouterr().err
    assert main(["mount", str(file / "below")]) == 2
    assert "Not a directory" in capsys.readouterr().err
    assert not ran
    assert main(["mount", str(tmp_path)]) == 32
    assert f"what {tmp_path} holds is hidden" in capsys.readouterr().err


def test_a_path_that_is_not_there(
    here: Any, ran: list[list[str]], root: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["mount", "--path", "/absent", str(tmp_path)]) == 1
    assert "/absent is no folder of the served tree" in capsys.readouterr().err
    assert not ran


@pytest.mark.parametrize(
    ("source", "stale", "status", "said"),
    [
        ("localhost:/", False, 0, "is mounted on"),
        ("localhost:/", True, 1, "does not answer: `runfs umount"),
        ("server:/", False, 2, "choose another folder"),
    ],
)
def test_a_folder_that_has_a_mount(
    source: str,
    stale: bool,
    status: int,
    said: str,
    here: Any,
    ran: list[list[str]],
    root: None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(mounting, "mounted_on", lambda folder: Mounted(source, folder, "nfs"))
    monkeypatch.setattr(mounting, "is_stale", lambda mounted: stale)
    assert main(["mount", str(tmp_path)]) == status
    assert said in "".join(capsys.readouterr())
    assert not ran


@pytest.mark.parametrize(("stale", "flags"), [(False, []), (True, ["-f", "-l"])])
def test_umount(
    stale: bool,
    flags: list[str],
    ran: list[list[str]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["umount", str(tmp_path)]) == 1
    assert "nothing is mounted" in capsys.readouterr().err
    monkeypatch.setattr(mounting, "mounted_on", lambda folder: Mounted("localhost:/", folder, "nfs"))
    monkeypatch.setattr(mounting, "is_stale", lambda mounted: stale)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert main(["umount", str(tmp_path)]) == 2
    assert shlex.join(["sudo", "umount", *flags, str(tmp_path)]) in capsys.readouterr().err
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert main(["umount", str(tmp_path)]) == 32
    assert ran == [["umount", *flags, str(tmp_path)]]
    assert "fuser -vm" in capsys.readouterr().err
