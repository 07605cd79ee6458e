from __future__ import annotations

import webbrowser
from pathlib import Path
from typing import Any

import pytest
import urllib3

from runfs.__main__ import main


def test_the_link_signs_in_once(here: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["open", "--print"]) == 0
    link = capsys.readouterr().out.strip()
    assert link.startswith(here.http)
    answer = urllib3.request("GET", link, redirect=False)
    assert "HttpOnly" in answer.headers["Set-Cookie"]
    again = urllib3.request("GET", link, redirect=False)
    assert "Set-Cookie" not in again.headers


def test_a_browser_is_started(
    here: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    opened: list[str] = []
    monkeypatch.setattr(webbrowser, "open", opened.append)
    assert main(["open"]) == 0
    assert opened == [capsys.readouterr().out.strip()]


def test_no_daemon(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["open", "--data", str(tmp_path)]) == 1
    assert "start `runfs serve`" in capsys.readouterr().err
