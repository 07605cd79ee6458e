"""Artifacts are sent as a whole, whatever happens on the way."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import sdk
from sdk.api import Api
from sdk.keeper import bundles as module
from sdk.keeper.bundles import Bundles
from sdk.keeper.ledger import Bundle, Ledger
from sdk.keeper.meter import Meter
from sdk.keeper.parcels import Parcels
from sdk.keeper.patience import Patience
from sdk.syncing import sync
from sdk.transport import Transport

from ..conftest import Server, until
from ..faults import Proxy


@pytest.fixture
def ledger(target: object, tmp_path: Path) -> Ledger:
    ledger = Ledger(str(tmp_path / "ledger"))
    ledger.note(run={"id": "r1", "project": os.environ["RUNFS_PROJECT"]})
    return ledger


def bundle(*names: str, number: int = 0) -> Bundle:
    for name in names:
        Path(name).write_text(f"content of {name}")
    files = [[name, str(Path(name).absolute()), 1] for name in names]
    content = {
        "name": "set", "type": "data", "description": "", "metadata": {}, "aliases": ["x"], "files": files,
    }  # fmt: skip
    return Bundle(number, "set", content)


Start = Callable[..., tuple[Bundles, list[dict[str, Any]]]]


@pytest.fixture
def start(ledger: Ledger, transport: Transport, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(module, "PAUSE_FIRST_S", 0.01)
    started: list[Bundles] = []

    def make(through: Transport = transport, patience_s: float = 0.0) -> tuple[Bundles, list[dict[str, Any]]]:
        reports: list[dict[str, Any]] = []
        patience = Patience(lambda: patience_s)
        patience.limit()
        started.append(
            Bundles(
                ledger,
                through,
                Meter(),
                patience,
                lambda kind, **fields: reports.append({"is": kind, **fields}),
            )
        )
        return started[-1], reports

    yield make
    for each in started:
        each.stop()


def test_a_bundle_becomes_a_version(ledger: Ledger, start: Start) -> None:
    bundles, reports = start()
    made = bundle("a", "b")
    bundles.add([made])
    until(bundles.idle)
    assert reports == [{"is": "artifact", "number": 0, "version": "v0", "failed": None}]
    found = Api().artifact(os.environ["RUNFS_PROJECT"] + "/set:x")
    assert [file.name for file in found.files()] == ["a", "b"]
    assert not ledger.bundles[0].pending


def test_what_an_earlier_keeper_left_goes_on(ledger: Ledger, start: Start, server: Server) -> None:
    ledger.note_files((), [bundle("a", "b")])
    with Proxy(lambda: server.url) as proxy:
        proxy.fault = lambda method, path, phase: "drop" if path.endswith("/commit") else None
        first, _ = start(Transport(proxy.url, server.key))
        until(first.idle)
        assert first.last_trouble is not None
    assert ledger.bundles[0].pending
    assert set(ledger.bundles[0].sent) == {"a", "b"}
    second, reports = start()
    until(second.idle)
    assert [report["version"] for report in reports] == ["v0"]


@pytest.mark.parametrize(
    ("step", "phase"),
    [("/artifacts", "after"), ("/files", "before"), ("/files", "after"), ("/commit", "after")],
)
def test_answers_that_are_lost(
    server: Server, step: str, phase: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("a").write_text("a")
    faults = ["drop"] * 2

    def fault(method: str, path: str, at: str) -> Any:
        return (
            faults.pop() if faults and at == phase and path.endswith(step) and "/runs/" not in path else None
        )

    with Proxy(lambda: server.url, fault) as proxy:
        monkeypatch.setenv("RUNFS_URL", proxy.url)
        with sdk.init() as run:
            assert run.log_artifact("a", name="set").version == "v0"
    assert faults == []


def test_a_file_that_changes_on_the_way_begins_it_again(
    ledger: Ledger, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = bundle("a", "b")
    send = Parcels.send
    changed: list[str] = []

    def meddle(self: Parcels, files: Any) -> Any:
        if not changed:
            changed.append("a")
            Path("a").write_text("changed meanwhile")
        return send(self, files)

    monkeypatch.setattr(Parcels, "send", meddle)
    bundles, reports = start()
    bundles.add([made])
    until(bundles.idle)
    assert [report["version"] for report in reports] == ["v0"]
    found = Api().artifact(os.environ["RUNFS_PROJECT"] + "/set")
    assert Path(found.download("copy"), "a").read_text() == "changed meanwhile"


def test_a_file_that_is_gone_is_said(ledger: Ledger, start: Start) -> None:
    made = bundle("a")
    Path("a").unlink()
    bundles, reports = start()
    bundles.add([made])
    until(bundles.idle)
    assert reports[0] == {"is": "warning", "text": "artifact set was not saved: No such file or directory"}
    assert ledger.bundles[0].failed
    Path("a").write_text("back")
    bundles.end()
    until(bundles.idle)
    assert ledger.bundles[0].version == "v0"


def test_a_bug_of_ours_fails_it_aloud(ledger: Ledger, start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(self: Parcels, files: Any) -> Any:
        raise RuntimeError("a bug")

    monkeypatch.setattr(Parcels, "send", fail)
    bundles, reports = start()
    bundles.add([bundle("a", "b")])
    until(bundles.idle)
    assert ledger.bundles[0].failed == "RuntimeError: a bug"
    assert reports[0]["text"] == "artifact set was not saved: RuntimeError: a bug"


def test_an_offline_runs_artifacts_are_sent_by_sync(server: Server) -> None:
    Path("a").write_text("a")
    with sdk.init(mode="offline") as run:
        artifact = run.log_artifact("a", name="set")
        with pytest.raises(sdk.Error, match="not on the server yet"):
            artifact.wait(0)
    assert [each.state for each in sync()] == ["sent"]
    assert Api().artifact(os.environ["RUNFS_PROJECT"] + "/set").version == "v0"
