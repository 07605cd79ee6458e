"""One daemon for all tests that only read."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from daemon_process import Served, start


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One daemon for all tests that only read, with a run `r1` of team/vision."""
    folder = tmp_path_factory.mktemp("served")
    daemon = start(folder / "data", "--audit", str(folder / "audit"), "--verbose")
    daemon.ask("POST", "/api/v1/runs", {"project": "team/vision", "id": "r1", "config": {"rate": 0.5}})
    lines = [{"step": 0, "loss": 2}, {"step": 1, "loss": 1}]
    daemon.ask("POST", "/api/v1/runs/r1/history", {"first_line": 0, "lines": lines})
    yield daemon
    daemon.process.kill()
    daemon.process.wait()


@pytest.fixture
def here(served: Served, monkeypatch: pytest.MonkeyPatch) -> Served:
    """The daemon, found by commands of this process as those of its account find it."""
    monkeypatch.setenv("RUNFS_DATA", str(served.data))
    return served
