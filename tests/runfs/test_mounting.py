from __future__ import annotations

import os
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from runfs import mounting
from runfs.__main__ import main


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The commands that were run; each ends with status 32, as a failed mount does."""
    commands: list[list[str]] = []

    def run(command: list[str], **_: object) -> SimpleNamespace:
        commands.append(command)
        return SimpleNamespace(returncode=32)

    monkeypatch.setattr(subprocess, "run", run)
    return commands


def test_print_says_what_would_be_run(
    here: Any, ran: list[list[str]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["mount", "--print", str(tmp_path / "runs")]) == 0
    port = here.nfs.rpartition(":")[2]
    options = f"vers=3,proto=tcp,port={port},mountproto=tcp,mountport={port},nolock"
    assert capsys.readouterr().out == f"mount -t nfs -o {options} localhost:/ {tmp_path}/runs\n"
    assert not ran
    assert not (tmp_path / "runs").exists()


def test_root_mounts_and_gets_the_status(
    here: Any, ran: list[list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(mounting, "has_mount_nfs", lambda: True)
    assert main(["mount", "--path", "/projects/a/b", str(tmp_path / "runs")]) == 32
    assert ran[0][-2:] == ["localhost:/projects/a/b", f"{tmp_path}/runs"]
    assert (tmp_path / "runs").is_dir()


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


def test_umount(
    ran: list[list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["umount", str(tmp_path)]) == 1
    assert "nothing is mounted" in capsys.readouterr().err
    monkeypatch.setattr(mounting, "is_mounted", lambda folder: True)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert main(["umount", str(tmp_path)]) == 32
    assert ran == [["umount", str(tmp_path)]]
