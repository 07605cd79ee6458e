from __future__ import annotations

from typing import Any

import pytest

import sdk
from runfs.__main__ import main
from sdk.syncing import Synced


def test_nothing_to_send(tmp_path: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sync", "--url", "http://127.0.0.1:1", str(tmp_path)]) == 0
    assert capsys.readouterr().out == "nothing to send\n"


@pytest.mark.parametrize(
    ("result", "status", "said"),
    [
        (Synced("/s/1", "sent", "a/b/r1", "", []), 0, "sent  a/b/r1\n"),
        (
            Synced("/s/1", "running", None, "it is being written", []),
            0,
            "running  /s/1: it is being written\n",
        ),
        (Synced("/s/1", "pending", None, "no server", []), 1, "pending  /s/1: no server\n"),
        (Synced("/s/1", "deleted", "a/b/r1", "deleted there", []), 1, "deleted  a/b/r1: deleted there\n"),
        (Synced("/s/1", "sent", "a/b/r1", "", [("x", "gone")]), 1, "    x was not sent: gone\n"),
    ],
)
def test_a_line_for_each_run(
    result: Synced,
    status: int,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(sdk, "sync", lambda paths, url: [result], raising=False)
    assert main(["sync"]) == status
    assert said in capsys.readouterr().out


def test_an_offline_run_is_sent(here: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNFS_URL", here.http)
    run = sdk.init(
        entity="team", project="vision", id="offline", mode="offline", dir=str(tmp_path), reinit=True
    )
    run.log({"loss": 1})
    run.finish()
    assert main(["sync", str(tmp_path / ".runfs")]) == 0
    assert here.ask("GET", "/api/v1/runs/offline")["history_lines"] == 1


def test_a_folder_that_is_not_there(tmp_path: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sync", "--url", "http://127.0.0.1:1", str(tmp_path / "absent")]) == 2
    assert f"there is no {tmp_path}/absent" in capsys.readouterr().err


def test_discarding(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RUNFS_DIR", str(tmp_path))
    sdk.init(id="kept", mode="offline", reinit=True, quiet=True).finish()
    (folder,) = (tmp_path / ".runfs").iterdir()
    assert main(["sync", "--discard", "absent"]) == 1
    assert "absent is neither" in capsys.readouterr().err
    assert main(["sync", "--discard", "kept"]) == 0
    assert capsys.readouterr().out == f"discarded  {folder}\n"
    assert not folder.exists()
