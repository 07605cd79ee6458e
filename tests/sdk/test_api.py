"""Looking at runs after their training."""

from __future__ import annotations

from pathlib import Path

import pytest

import sdk
from sdk.api import Api
from sdk.keeper.subject import Unstable, Vanished
from sdk.keeper.transfer import Transfer

from .conftest import Server


@pytest.fixture
def run(server: object) -> sdk.Run:
    with sdk.init(id="r1", name="first", tags=["x"], config={"lr": 1}) as run:
        for step in range(3):
            run.log({"loss": step, **({"acc": 1} if step == 1 else {})})
        for path in ("a.txt", "b/c.txt", "b/d.csv", "w[1].txt"):
            Path(path).parent.mkdir(exist_ok=True)
            Path(path).write_text(path)
        run.save("**/*.*", policy="now")
    return run


def test_a_run(run: sdk.Run) -> None:
    found = Api().run(run.path)
    assert (found.id, found.path, found.name, found.state) == ("r1", run.path, "first", "finished")
    assert (found.config, found.summary["loss"], found.tags) == ({"lr": 1}, 2, ["x"])
    assert repr(found) == f"<runfs run {run.path}, finished>"
    with pytest.raises(AttributeError, match="a run has no 'absent'"):
        found.absent  # noqa: B018
    found.update(tags=["y"], config={"more": 2})
    assert (found.tags, found.config) == (["y"], {"lr": 1, "more": 2})
    assert Api().run("/" + run.path).tags == ["y"]


def test_history(run: sdk.Run) -> None:
    found = Api().run(run.path)
    assert [row["loss"] for row in found.history()] == [0, 1, 2]
    assert list(found.history(keys=["acc"])) == [{"acc": 1}]


def test_files(run: sdk.Run) -> None:
    found = Api().run(run.path)
    assert [file.name for file in found.files()] == ["a.txt", "b/c.txt", "b/d.csv", "w[1].txt"]
    assert [file.name for file in found.files(pattern="**/*.csv")] == ["b/d.csv"]
    assert [file.name for file in found.files(names=["b/c.txt", "a.txt"])] == ["b/c.txt", "a.txt"]
    assert found.file("w[1].txt").size == len("w[1].txt")
    with pytest.raises(sdk.Absent, match="has no file 'absent'"):
        found.file("absent")
    with pytest.raises(ValueError, match="not both"):
        found.files(names=["a"], pattern="*")


def test_uploading(run: sdk.Run) -> None:
    found = Api().run(run.path)
    Path("later").mkdir()
    Path("later/big.bin").write_bytes(bytes(2 << 20))
    file = found.upload_file("later/big.bin")
    assert (file.name, file.size) == ("later/big.bin", 2 << 20)
    assert found.upload_file("later/big.bin", root="later").name == "big.bin"
    with pytest.raises(FileNotFoundError):
        found.upload_file("absent")
    with pytest.raises(ValueError, match="walk above"):
        found.upload_file("/etc/passwd")


def test_lists_of_runs(server: object) -> None:
    for number in range(3):
        sdk.init(id=f"r{number}", tags=["even"] if number % 2 == 0 else []).finish(exit_code=number)
    project = sdk.init(id="last").path.rpartition("/")[0]
    sdk.finish()
    assert [run.id for run in Api().runs(project)] == ["last", "r2", "r1", "r0"]
    assert [run.id for run in Api().runs(project, tag="even", order="asc")] == ["r0", "r2"]
    assert [run.id for run in Api().runs(project, state="failed")] == ["r2", "r1"]


def test_deleting(run: sdk.Run) -> None:
    found = Api().run(run.path)
    found.file("a.txt").delete()
    assert "a.txt" not in [file.name for file in found.files()]
    found.delete()
    with pytest.raises(sdk.Absent):
        Api().run(run.path)


def test_deleting_a_project(run: sdk.Run) -> None:
    project = run.path.rpartition("/")[0]
    Api().delete_project(project)
    with pytest.raises(sdk.Absent):
        Api().run(run.path)
    for wrong in ("project", "entity/", "entity/project/run"):
        with pytest.raises(sdk.UsageError, match="ENTITY/PROJECT"):
            Api().delete_project(wrong)


def test_sweeps(server: Server) -> None:
    project = sdk.init().path.rpartition("/")[0]
    sdk.finish()
    sweep = Api().create_sweep({"lr": [1, 2]}, project=project, method="grid", name="s", id="sw")
    with sdk.init(sweep=sweep) as run:
        assert run.sweep_id == "sw"
    assert [found.id for found in Api().runs(project, sweep="sw")] == [run.id]
    with pytest.raises(sdk.Error, match=r"refuses this run.*no sweep absent"):
        sdk.init(sweep="absent")


def test_paths_and_keys(server: Server) -> None:
    for path in ("project/id", "", "/"):
        with pytest.raises(sdk.UsageError, match="no path of a run"):
            Api().run(path)
    with pytest.raises(sdk.Absent):
        Api().run("absent")
    assert repr(Api(url="http://example.org")) == "<runfs API at http://example.org>"
    with pytest.raises(sdk.Denied):
        list(Api(api_key="runfs_" + "x" * 43).runs())


@pytest.mark.parametrize("error", [Unstable("it changed while it was read"), Vanished("No such file")])
def test_a_file_that_cannot_be_sent_is_an_error_of_the_sdk(
    run: sdk.Run, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(*_: object) -> None:
        raise error

    Path("more").write_text("more")
    monkeypatch.setattr(Transfer, "send", fail)
    with pytest.raises(sdk.Error, match=rf"more was not saved: {error}"):
        Api().run(run.path).upload_file("more")
