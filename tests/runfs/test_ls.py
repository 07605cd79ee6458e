from __future__ import annotations

import re
from typing import Any

import pytest

from nfsd.client import Client, Entry
from nfsd.nfs3.types import fattr3, ftype3, nfstime3, specdata3
from runfs.__main__ import main
from runfs.ls import line


def entry(name: str, kind: ftype3, target: str = "") -> Entry:
    time = nfstime3(1_700_000_000, 0)
    attributes = fattr3(kind, 0o444, 1, 0, 0, 12, 12, specdata3(0, 0), 1, 2, time, time, time)
    return Entry(name, b"h", attributes, target)


def test_a_folder(here: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ls"]) == 0
    assert capsys.readouterr().out.split() == ["artifacts/", "projects/", "runs/", "sweeps/"]


def test_all_below(here: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ls", "-R"]) == 0
    shown = capsys.readouterr().out
    assert "/runs/r1:\nfiles/\nhistory.jsonl\nmetadata.json\n" in shown
    assert "/projects/team:\nvision -> ../..\n" in shown


def test_long(here: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ls", "-l", "/runs/r1/history.jsonl"]) == 0
    assert re.fullmatch(
        r"-r--r--r--   1 +\d+ \d{4}-\d\d-\d\d \d\d:\d\d:\d\d history.jsonl\n", capsys.readouterr().out
    )


def test_through_a_link(here: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ls", "/projects/team/vision/runs"]) == 0
    assert capsys.readouterr().out == "r1/\n"


@pytest.mark.parametrize(
    ("path", "said"),
    [("/runs/none", "no such file or folder"), ("/runs/r1/metadata.json/x", "not a folder")],
)
def test_what_is_not_there(path: str, said: str, here: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ls", path]) == 1
    complaint = capsys.readouterr().err
    assert path in complaint
    assert said in complaint
    assert complaint.count("\n") == 1


def test_no_daemon(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ls", "--nfs", "127.0.0.1:1"]) == 1
    assert "is `runfs serve` running?" in capsys.readouterr().err


def test_a_daemon_that_hangs(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    async def mount(*arguments: object, **named: object) -> None:
        raise TimeoutError

    monkeypatch.setattr(Client, "mount", mount)
    assert main(["ls", "--nfs", "127.0.0.1:1"]) == 1
    assert "no NFS answer from 127.0.0.1:1 in time" in capsys.readouterr().err


def test_lines() -> None:
    assert line(entry("d", ftype3.NF3DIR), False) == "d/"
    assert line(entry("l", ftype3.NF3LNK, "../x"), False) == "l -> ../x"
    assert line(entry("a\x1b[2J\nb", ftype3.NF3REG), False) == "a\\x1b[2J\\nb"
    assert line(entry("f", ftype3.NF3REG), True) == "-r--r--r--   1           12 2023-11-14 22:13:20 f"
