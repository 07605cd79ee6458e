"""Rounds of PUT and GET: each server in turn, the first GET verified, a failing peer left out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from benches import http
from benches.daemons import BenchError


class Noted:
    """A door that notes what happens in one log, and fails where it is told to."""

    def __init__(self, name: str, log: list[str], fails: str = "") -> None:
        self.name, self.log, self.fails = name, log, fails

    def note(self, what: str) -> None:
        """Into the log."""
        self.log.append(f"{what} {self.name}")
        if what == self.fails:
            raise BenchError(f"{what} failed")

    def put(self, name: str, source: Path, digest: str) -> None:
        """As of a door."""
        self.note("put")

    def where(self, name: str) -> tuple[str, Mapping[str, str]]:
        """As of a door."""
        return self.name, {}

    def delete(self, name: str) -> None:
        """As of a door."""
        self.note("delete")


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What happened, GETs too."""
    seen: list[str] = []

    def get(url: str, headers: Any, sha256: str | None = None) -> int:
        seen.append(f"{'verify' if sha256 else 'get'} {url}")
        return 0

    monkeypatch.setattr("benches.transfer.get", get)
    monkeypatch.setattr("os.sync", lambda: seen.append("sync"))
    return seen


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A small file."""
    path = tmp_path / "source"
    path.write_bytes(b"content")
    return path


def test_each_server_in_turn_with_nothing_left_to_write(log: list[str], source: Path) -> None:
    contest = http.Contest({name: Noted(name, log) for name in ("runfs", "nginx")}, 7)
    contest.round("one", source)
    assert log == [
        *("sync", "put runfs", "sync", "put nginx"),
        *("verify runfs", "get runfs", "delete runfs", "verify nginx", "get nginx", "delete nginx"),
    ]
    assert {name: len(rates) for name, rates in contest.puts.items()} == {"runfs": 1, "nginx": 1}
    assert {name: len(rates) for name, rates in contest.gets.items()} == {"runfs": 1, "nginx": 1}


@pytest.mark.parametrize("fails", ["put", "delete"])
def test_a_peer_that_fails_is_not_asked_again(log: list[str], source: Path, fails: str) -> None:
    contest = http.Contest({"runfs": Noted("runfs", log), "nginx": Noted("nginx", log, fails)}, 7)
    for name in ("one", "two"):
        contest.round(name, source)
    assert log.count("put nginx") == 1
    assert (len(contest.puts["runfs"]), len(contest.gets["runfs"])) == (2, 2)
    assert contest.absences.notes() == {"without nginx": f"{fails} failed"}


def test_ours_failing_ends_the_bench(log: list[str], source: Path) -> None:
    with pytest.raises(BenchError, match="put failed"):
        http.Contest({"runfs": Noted("runfs", log, "put")}, 7).round("one", source)
