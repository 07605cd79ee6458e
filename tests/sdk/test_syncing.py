"""sync sends what was left behind, and leaves alone what lives."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import sdk
from sdk.api import Api
from sdk.spool import remove, sender_lock
from sdk.syncing import discard, pending, sync

from .conftest import Server, until
from .faults import Proxy


def offline(run_id: str, **settings: Any) -> sdk.Run:
    Path(f"{run_id}.txt").write_text(run_id)
    with sdk.init(mode="offline", id=run_id, config={"n": run_id}, **settings) as run:
        run.log({"loss": 1})
        run.log({"loss": 2})
        run.summary["best"] = 1
        print("printed by", run_id)
        run.save(f"{run_id}.txt")
    return run


def test_offline_runs_are_sent_as_they_were(server: Server, spools: Path) -> None:
    runs = [offline("r1"), offline("r2")]
    assert pending() == sorted(str(path) for path in spools.iterdir())
    results = sync()
    assert [(each.state, each.folder) for each in results] == [("sent", run.dir) for run in runs]
    assert pending() == []
    for run, result in zip(runs, results, strict=True):
        assert result.run is not None
        found = Api().run(result.run)
        assert (found.id, found.state, found.config) == (run.id, "finished", {"n": run.id})
        assert [row["loss"] for row in found.history()] == [1, 2]
        assert (found.summary["loss"], found.summary["best"]) == (2, 1)
        assert f"printed by {run.id}" in list(found.console())
        assert [file.name for file in found.files()] == [f"{run.id}.txt"]


def test_some_spools_only(server: Server, tmp_path: Path) -> None:
    runs = [offline("r1"), offline("r2", dir=tmp_path / "elsewhere")]
    assert [each.folder for each in sync([str(runs[1].dir)])] == [runs[1].dir]
    assert [each.folder for each in sync([tmp_path / "elsewhere" / ".runfs"])] == []
    assert [each.state for each in sync()] == ["sent"]


def test_a_living_run_is_left_alone(server: Server) -> None:
    with sdk.init(mode="offline") as run:
        run.log({"loss": 1})
        (result,) = sync()
        assert (result.state, result.reason) == ("running", "its process still runs")
    assert [each.state for each in sync()] == ["sent"]


def test_an_offline_run_whose_script_was_killed_crashed(server: Server, script: Callable[..., Any]) -> None:
    train = script("""
        import sdk
        sdk.init(mode="offline").log({"loss": 1})
        print(flush=True)
        input()
    """)
    train.line()
    train.kill()
    (result,) = sync()
    assert result.run is not None
    found = Api().run(result.run)
    assert (found.state, len(list(found.history()))) == ("crashed", 1)


def test_the_server_refuses_or_is_away(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    offline("r1")
    said: list[str] = []
    (result,) = sync(api_key="runfs_" + "x" * 43)
    assert result.state == "pending"
    assert "unknown or revoked" in result.reason
    monkeypatch.setattr("sdk.syncing.SYNC_PATIENCE_S", 0.0)
    (result,) = sync(url="http://127.0.0.1:9", say=said.append)
    assert result.state == "pending"
    assert "refused" in result.reason
    assert "refused" in said[0]
    assert [each.state for each in sync()] == ["sent"]


def test_a_run_of_the_same_id_refuses_a_second_one(server: Server) -> None:
    offline("same")
    offline("same")
    first, second = sync()
    assert (first.state, second.state) == ("sent", "pending")
    assert "same" in second.reason


def test_resumed_offline_runs_follow_each_other(server: Server) -> None:
    offline("same", resume="allow")
    offline("same", resume="allow")
    assert [each.state for each in sync()] == ["sent", "sent"]
    (found,) = Api().runs(os.environ["RUNFS_PROJECT"])
    assert [row["loss"] for row in found.history()] == [1, 2, 1, 2]
    assert [file.version for file in found.files()] == [1]


def test_a_run_that_was_deleted_meanwhile(server: Server, script: Callable[..., Any], tmp_path: Path) -> None:
    train = script("""
        import sdk
        run = sdk.init(id="gone")
        print(run.path, run.dir, flush=True)
        input()
        run.log({"loss": 1})
        run.finish()
    """)
    path, folder = train.line().split()
    Api().run(path).delete()
    train.go_on()
    status, _, said = train.end()
    assert status == 0
    assert "it was deleted" in said
    assert f"kept in {folder}" in said
    for _ in range(2):  # nothing is waited for, and nothing goes by itself
        (result,) = sync()
        assert (result.state, result.folder, result.run) == ("deleted", folder, path)
        assert "runfs sync --discard" in result.reason
    assert discard(["gone"]) == [folder]
    assert pending() == []
    assert list(Api().runs(os.environ["RUNFS_PROJECT"])) == []


def test_files_that_could_not_be_sent_before_the_run_was_deleted(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = offline("r1")

    def refuse(self: object, *_: object, **more: object) -> None:
        raise sdk.ServerError(413, "too large")

    with monkeypatch.context() as patch:
        patch.setattr("sdk.client.Target.put", refuse)
        (result,) = sync()
    assert (result.state, [path for path, _ in result.failed]) == ("pending", ["r1.txt"])
    assert result.run is not None
    Api().run(result.run).delete()
    (result,) = sync()
    assert (result.state, result.folder) == ("deleted", run.dir)


def test_only_what_is_named_is_discarded(server: Server, tmp_path: Path) -> None:
    first, second, third = offline("a"), offline("a-1"), offline("b", dir=tmp_path / "elsewhere")
    with pytest.raises(sdk.UsageError, match="nothing-like-it is neither"):
        discard(["a", "nothing-like-it"])
    assert pending() == [first.dir, second.dir]
    assert discard(["a"]) == [first.dir]
    assert pending() == [second.dir]
    assert discard([str(third.dir), "a-1"]) == [third.dir, second.dir]
    assert not Path(str(third.dir)).exists()


def test_a_spool_in_use_is_not_discarded(server: Server) -> None:
    left = offline("left")
    with sdk.init(mode="offline", id="alive"), pytest.raises(sdk.UsageError, match="still runs"):
        discard(["left", "alive"])
    assert left.dir in pending()
    discard(["left", "alive"])
    assert pending() == []


def test_the_id_is_known_also_when_the_first_records_were_sent(server: Server) -> None:
    run = offline("r1")
    folder = Path(str(run.dir))
    monkey = pytest.MonkeyPatch()
    monkey.setattr("sdk.keeper.delivery.Delivery.end", lambda self: (_ for _ in ()).throw(sdk.Error("no")))
    assert [each.state for each in sync()] == ["pending"]
    monkey.undo()
    for segment in folder.glob("records-*"):
        segment.rename(folder / "records-00000009")
    assert discard(["r1"]) == [str(folder)]


def test_a_spool_is_sent_by_one_at_a_time(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """An older content on its way in a sync that has ended is not overtaken by a newer one of the next."""
    monkeypatch.setattr("sdk.syncing.SYNC_PATIENCE_S", 0.0)
    monkeypatch.setattr("sdk.keeper.delivery.HEARTBEAT_S", 0.0)
    monkeypatch.setattr("sdk.keeper.keeper.LEAVES_S", 0.0)
    run = offline("r1")
    on_its_way, go_on = threading.Event(), threading.Event()

    def fault(method: str, path: str, phase: str) -> Any:
        if method == "PUT" and phase == "before" and not on_its_way.is_set():
            on_its_way.set()
            assert go_on.wait(60)
        return (500, 0) if path.endswith("/heartbeat") and on_its_way.is_set() else None

    with Proxy(lambda: server.url, fault) as proxy:
        (first,) = sync(url=proxy.url, api_key=server.key)
        assert (first.state, on_its_way.is_set()) == ("pending", True)
        Path("r1.txt").write_text("newer")
        (second,) = sync()
        go_on.set()
        assert (second.state, second.reason) == ("running", "it is being sent")
        until(lambda: [each.state for each in sync()] == ["sent"])
    (file,) = Api().run(f"{os.environ['RUNFS_PROJECT']}/{run.id}").files()
    assert Path(file.download("there")).read_text() == "newer"


def test_what_another_has_sent_meanwhile_is_passed_over(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders = [str(offline(run_id).dir) for run_id in ("a", "b")]
    monkeypatch.setattr("sdk.syncing.pending", lambda paths: folders)
    remove(folders[0])
    lock = sender_lock

    def late(folder: str) -> Any:
        """Whoever had the lock has removed the folder before it is had here."""
        remove(folder)
        Path(folder).mkdir()
        return lock(folder)

    with monkeypatch.context() as patch:
        patch.setattr("sdk.syncing.sender_lock", late)
        assert sync() == []
    assert not any(Path(folder).exists() for folder in folders)


def test_of_what_is_being_removed_nothing_is_sent(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = str(offline("r1").dir)
    with monkeypatch.context() as patch:
        patch.setattr("shutil.rmtree", lambda folder, ignore_errors: None)  # the process died here
        remove(folder)
    assert Path(folder).is_dir()
    assert sync() == []


def test_a_spool_that_holds_no_run(server: Server, spools: Path) -> None:
    good = offline("good")
    for name, content in (("empty", b""), ("damaged", b"\0" * 100)):
        (spools / name).mkdir()
        (spools / name / "records-00000001").write_bytes(content)
    results = sync()
    assert [(Path(each.folder).name, each.state) for each in results] == [
        (Path(str(good.dir)).name, "sent"),
        ("damaged", "pending"),
        ("empty", "pending"),
    ]
    assert all("no run was kept" in each.reason for each in results[1:])
    with pytest.raises(sdk.UsageError, match="neither"):
        discard(["good"])
    discard([each.folder for each in results[1:]])
    assert pending() == []
