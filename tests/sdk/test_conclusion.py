"""The end of a run says what was sent, what was not, and where that is kept."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest

import sdk
from sdk.api import Api
from sdk.syncing import sync

from .conftest import Server
from .faults import Proxy


def errors(capsys: pytest.CaptureFixture[str]) -> str:
    return capsys.readouterr().err


def test_all_is_well(server: object, capsys: pytest.CaptureFixture[str]) -> None:
    Path("a").write_text("a")
    with sdk.init() as run:
        run.save("a")
    assert f"runfs: run {run.path} is complete: 1 file saved" in errors(capsys)
    sdk.init().finish(quiet=True)
    assert "complete" not in errors(capsys)


def test_the_server_is_down_all_the_time(
    environment: object, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, spools: Path
) -> None:
    monkeypatch.setenv("RUNFS_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("RUNFS_FINISH_TIMEOUT", "0")
    Path("a").write_text("a")
    with sdk.init() as run:
        run.save("a", policy="now")
        run.log({"loss": 1})
    said = errors(capsys)
    assert "the run goes on" in said
    assert "still pending (http://127.0.0.1:9 does not answer" in said
    assert "the whole run (1 row, 1 file saved)" in said
    assert f"kept in {run.dir}; `runfs sync` sends it" in said
    assert [str(path) for path in spools.iterdir()] == [run.dir]


def test_the_server_goes_down_and_sync_sends_the_rest(
    own_server: Server, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNFS_FINISH_TIMEOUT", "0")
    Path("a").write_text("a")
    with sdk.init() as run:
        own_server.kill()
        run.save("a", policy="end")
        run.log({"loss": 1})
    assert "still pending" in errors(capsys)
    own_server.start()
    (result,) = sync()
    assert (result.state, result.run, result.failed) == ("sent", run.path, [])
    found = Api().run(run.path)
    assert (found.state, [file.name for file in found.files()]) == ("finished", ["a"])
    assert sync() == []


def sends_files(method: str, path: str) -> bool:
    """Whether a request carries the bytes of files, of one or of several together."""
    return method == "PUT" or path.endswith("/files:put")


@pytest.mark.parametrize("fault", [(507, 0), (500, 0), "drop"], ids=["full", "bug", "drop"])
def test_files_that_the_server_cannot_take_are_named(
    server: Server, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, fault: Any
) -> None:
    monkeypatch.setenv("RUNFS_FINISH_TIMEOUT", "1")
    Path("a").write_text("a")
    Path("b").write_text("b")
    with Proxy(lambda: server.url) as proxy:
        monkeypatch.setenv("RUNFS_URL", proxy.url)
        proxy.fault = lambda method, path, phase: fault if sends_files(method, path) else None
        with sdk.init() as run:
            run.save("a", policy="now")
            run.save("b", policy="now")
        said = errors(capsys)
        assert "still pending" in said
        assert "2 files (a, b)" in said
        assert Api().run(run.path).state == "finished"
        proxy.fault = lambda method, path, phase: None
        assert [each.state for each in sync()] == ["sent"]
        assert [file.name for file in Api().run(run.path).files()] == ["a", "b"]


def test_a_refused_file_is_named_and_kept(
    server: Server, capsys: pytest.CaptureFixture[str], spools: Path
) -> None:
    Path("d").write_text("a file")
    with sdk.init() as run:
        run.save("d", policy="now")
    with sdk.init(id=run.id, resume="must") as run:
        Path("d").unlink()
        Path("d").mkdir()
        Path("d/e").write_text("below a file")
        run.save("d/e", policy="now")
    said = errors(capsys)
    assert "d/e was not saved" in said
    assert "NOT SAVED: d/e: " in said
    assert f"kept in {run.dir}" in said
    (result,) = sync()
    assert result.state == "pending"
    assert [path for path, _ in result.failed] == ["d/e"]
    Api().run(run.path).file("d").delete()
    assert [each.state for each in sync()] == ["sent"]
    assert [file.name for file in Api().run(run.path).files()] == ["d/e"]


def test_a_vanished_file_is_named_and_not_waited_for(
    server: Server, capsys: pytest.CaptureFixture[str], spools: Path
) -> None:
    Path("a").write_text("a")
    with sdk.init() as run:
        run.save("a", policy="end")
        Path("a").unlink()
    assert "NOT SAVED: a: No such file or directory" in errors(capsys)
    assert list(spools.iterdir()) == []
    assert Api().run(run.path).state == "finished"


def test_the_key_is_revoked_while_the_run_goes_on(
    server: Server, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNFS_FINISH_TIMEOUT", "0")
    with Proxy(lambda: server.url) as proxy:
        monkeypatch.setenv("RUNFS_URL", proxy.url)
        with sdk.init() as run:
            proxy.fault = lambda method, path, phase: (403, 0)
            run.log({"loss": 1})
        assert "still pending" in errors(capsys)
        proxy.fault = lambda method, path, phase: None
        assert [each.state for each in sync()] == ["sent"]
        assert [row["loss"] for row in Api().run(run.path).history()] == [1]


def test_an_impatient_user(
    server: Server, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with Proxy(lambda: server.url) as proxy:
        monkeypatch.setenv("RUNFS_URL", proxy.url)

        def fault(method: str, path: str, phase: str) -> Any:
            if path.endswith("/finish") and phase == "before" and not interrupted:
                interrupted.append(path)
                os.kill(os.getpid(), signal.SIGINT)
            return None

        interrupted: list[str] = []
        run = sdk.init()
        proxy.fault = fault
        run.finish()
        assert interrupted
        assert "not waiting any more" in errors(capsys) or Api().run(run.path).state == "finished"
