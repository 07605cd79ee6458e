"""A keeper goes on through outages, ends with its spool, and says how far it came."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sdk.api import Api, StoredRun
from sdk.client import Target
from sdk.keeper import keeper as module
from sdk.keeper.delivery import Refused
from sdk.keeper.keeper import Keeper
from sdk.keeper.ledger import Ledger
from sdk.keeper.uploads import THREADS
from sdk.spool import Spool
from sdk.transport import Transport

from ..conftest import Server, until
from ..faults import Proxy


class Working:
    """A keeper in a thread, for a spool that is still written."""

    def __init__(self, spool: Spool, transport: Transport, patience_s: float) -> None:
        self.writing = True
        self.reports: list[tuple[str, dict[str, Any]]] = []
        self.keeper = Keeper(
            spool.folder,
            transport,
            lambda kind, **fields: self.reports.append((kind, fields)),
            lambda: self.writing,
            lambda: patience_s,
        )
        self.thread = threading.Thread(target=self.keeper.work)
        self.thread.start()

    def heard(self, kind: str) -> list[dict[str, Any]]:
        return [fields for each, fields in self.reports if each == kind]

    def end(self) -> dict[str, Any]:
        self.writing = False
        self.thread.join(60)
        assert not self.thread.is_alive()
        return self.keeper.outcome()


@pytest.fixture
def spool(tmp_path: Path, environment: object) -> Spool:
    spool = Spool(str(tmp_path / "spools"), "r1", 1 << 30)
    spool.event(
        "run", run={"id": "r1", "project": os.environ["RUNFS_PROJECT"], "resume": "never", "host": ""}
    )
    return spool


Work = Callable[..., Working]


@pytest.fixture
def work(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(module, "PAUSE_FIRST_S", 0.01)
    monkeypatch.setattr(module, "PAUSE_MAX_S", 0.05)
    started: list[Working] = []

    def start(transport: Transport, patience_s: float = 30.0) -> Working:
        started.append(Working(spool, transport, patience_s))
        return started[-1]

    yield start
    for each in started:
        each.keeper.stop()
        each.thread.join(60)


def stored() -> StoredRun:
    (run,) = Api().runs(os.environ["RUNFS_PROJECT"])
    return run


def test_from_begin_to_end(transport: Transport, spool: Spool, work: Work) -> None:
    working = work(transport)
    until(lambda: working.heard("ready"))
    spool.history(b'{"a":1}')
    until(lambda: list(stored().history()))
    assert stored().state == "running"
    spool.event("finish", exit_code=3, state="failed")
    until(lambda: stored().state == "failed")
    outcome = working.end()
    assert (outcome["complete"], outcome["closed"], outcome["failed"]) == (True, True, [])
    assert stored().exit_code == 3


def test_a_spool_that_just_ends_is_a_crash(transport: Transport, spool: Spool, work: Work) -> None:
    working = work(transport)
    spool.history(b'{"a":1}')
    assert working.end()["complete"]
    assert stored().state == "crashed"
    assert len(list(stored().history())) == 1


def test_an_outage_is_reported_once_and_waited_out(server: Server, spool: Spool, work: Work) -> None:
    with Proxy(lambda: server.url) as proxy:
        working = work(Transport(proxy.url, server.key))
        until(lambda: working.heard("ready"))
        proxy.fault = lambda method, path, phase: (500, 0)
        spool.history(b'{"a":1}')
        until(lambda: working.heard("unreachable"))
        seen = len(proxy.seen)
        until(lambda: len(proxy.seen) > seen + 3)
        assert len(working.heard("unreachable")) == 1
        assert list(stored().history()) == []
        proxy.fault = lambda method, path, phase: None
        until(lambda: working.heard("reachable"))
        spool.event("finish", exit_code=0, state="finished")
        assert working.end()["complete"]
    assert [row["a"] for row in stored().history()] == [1]


@pytest.mark.parametrize("fault", ["drop", (500, 0), (401, 0), (404, 0)])
def test_patience_ends_after_the_run(server: Server, spool: Spool, work: Work, fault: Any) -> None:
    with Proxy(lambda: server.url) as proxy:
        working = work(Transport(proxy.url, server.key), patience_s=0.2)
        until(lambda: working.heard("ready"))
        proxy.fault = lambda method, path, phase: fault
        spool.history(b'{"a":1}')
        until(lambda: working.heard("unreachable"))
        outcome = working.end()
    assert not outcome["complete"]
    assert outcome["trouble"]
    assert stored().state == "running"


def test_progress_is_told_while_the_last_files_go(
    server: Server, spool: Spool, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PROGRESS_S", 0.0)
    Path("f").write_bytes(bytes(100))
    held = threading.Event()

    def fault(method: str, path: str, phase: str) -> None:
        if method == "PUT":
            held.wait(60)

    with Proxy(lambda: server.url, fault) as proxy:
        working = work(Transport(proxy.url, server.key))
        spool.event("save", files=[["f", str(Path("f").absolute()), 100]], policy="end")
        spool.event("finish", exit_code=0, state="finished")
        until(lambda: working.heard("progress"))
        told = working.heard("progress")[-1]
        assert (told["files_pending"], told["bytes_pending"], told["complete"]) == (["f"], 100, False)
        held.set()
        outcome = working.end()
    assert (outcome["files_sent"], outcome["bytes_taken"], outcome["complete"]) == (1, 100, True)


@pytest.mark.parametrize("damage", [b"", b"\0" * 100, b"\0\0\0\x09"])
def test_a_spool_without_a_run_has_an_end(
    transport: Transport, tmp_path: Path, environment: object, damage: bytes
) -> None:
    """The disk was full when the run began, or a power cut took the first record."""
    spool = Spool(str(tmp_path / "empty"), "r1", 1 << 30)
    Path(spool.folder, "records-00000001").write_bytes(damage)
    keeper = Keeper(spool.folder, transport, lambda kind, **fields: None, lambda: False, lambda: 0.0)
    with pytest.raises(Refused, match="no run was kept"):
        keeper.work()


def test_a_spool_is_awaited_while_it_is_written(transport: Transport, tmp_path: Path, work: Work) -> None:
    spool = Spool(str(tmp_path / "empty"), "r1", 1 << 30)
    asked = 0

    def writing() -> bool:
        nonlocal asked
        asked += 1
        if asked == 2:
            run = {"id": "r1", "project": os.environ["RUNFS_PROJECT"], "resume": "never", "host": ""}
            spool.event("run", run=run)
        return asked < 3

    keeper = Keeper(spool.folder, transport, lambda kind, **fields: None, writing, lambda: 0.0)
    keeper.work()
    assert keeper.outcome()["complete"]
    assert stored().state == "crashed"


class Disk:
    """A disk that takes nothing of the ledger while it is full."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.full = False
        self.refused = 0
        append = Ledger._append

        def refuse(ledger: Ledger, record: dict[str, Any]) -> None:
            if self.full:
                self.refused += 1
                raise OSError(errno.ENOSPC, "No space left on device")
            append(ledger, record)

        monkeypatch.setattr(Ledger, "_append", refuse)


def test_a_full_disk_is_waited_out_and_nothing_comes_twice(
    transport: Transport, spool: Spool, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = Disk(monkeypatch)
    working = work(transport)
    until(lambda: working.heard("ready"))
    names = [f"f{number}" for number in range(THREADS + 1)]  # each of the threads meets it
    files = []
    for name in names:
        Path(name).write_text(name)
        files.append([name, str(Path(name).absolute()), len(name)])
    begun, go_on = threading.Event(), threading.Event()
    put, put_all = Target.put, Target.put_all

    def held(send: Callable[..., Any]) -> Callable[..., Any]:
        def sending(*given: Any, **more: Any) -> Any:
            begun.set()
            assert go_on.wait(60)
            return send(*given, **more)

        return sending

    monkeypatch.setattr(Target, "put", held(put))
    monkeypatch.setattr(Target, "put_all", held(put_all))
    for file in files:
        spool.event("save", files=[file], policy="now")
    assert begun.wait(60)
    disk.full = True
    go_on.set()
    spool.history(b'{"a":1}')
    spool.event("update", config={"lr": 1})
    content = {"type": "data", "description": "", "metadata": {}, "aliases": []}
    spool.event("artifact", number=0, name="set", files=files[:1], **content)
    until(lambda: disk.refused > 2 * THREADS and working.heard("warning"))
    (warning,) = working.heard("warning")
    assert "cannot be kept on disk: No space left on device" in warning["text"]
    disk.full = False
    spool.history(b'{"a":2}')
    spool.event("finish", exit_code=0, state="finished")
    outcome = working.end()
    assert (outcome["complete"], outcome["trouble"]) == (True, None)
    run = stored()
    assert [row["a"] for row in run.history()] == [1, 2]
    assert (run.config, run.state) == ({"lr": 1}, "finished")
    assert [file.name for file in run.files()] == names
    assert [file.name for file in Api().artifact(f"{os.environ['RUNFS_PROJECT']}/set").files()] == ["f0"]


def test_a_disk_that_stays_full_has_an_end(
    transport: Transport, spool: Spool, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = Disk(monkeypatch)
    working = work(transport, patience_s=0.0)
    until(lambda: working.heard("ready"))
    disk.full = True
    spool.history(b'{"a":1}')
    spool.event("finish", exit_code=0, state="finished")
    outcome = working.end()
    assert not outcome["complete"]
    assert "No space left on device" in outcome["trouble"]
    disk.full = False
    assert work(transport).end()["complete"]
    assert [row["a"] for row in stored().history()] == [1]
