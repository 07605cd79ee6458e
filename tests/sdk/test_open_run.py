"""A run from its beginning to its end, against a real server."""

from __future__ import annotations

import json
import math
import os
import sys
import threading
import urllib.request
from pathlib import Path
from typing import Any

import pytest

import sdk
from sdk.api import Api

from .conftest import until
from .faults import Proxy


def stored(run: sdk.Run) -> dict[str, str | None]:
    return {file.name: file.sha256 for file in Api().run(run.path).files()}


def test_a_run_is_kept(server: object) -> None:
    run = sdk.init(
        config={"lr": 0.1, "none": None}, tags=["a"], notes="words", group="g", job_type="train", name="first"
    )
    for step in range(5):
        run.log({"loss": 1 / (step + 1), "bad": math.nan})
    run.config["epochs"] = 3
    run.summary["best"] = 0.2
    run.finish()
    found = Api().run(run.path)
    assert (found.state, found.exit_code, found.name) == ("finished", 0, "first")
    assert (found.tags, found.notes, found.group, found.job_type) == (["a"], "words", "g", "train")
    assert found.config == {"lr": 0.1, "none": None, "epochs": 3}
    assert {key: found.summary[key] for key in ("loss", "bad", "best", "_step")} == {
        "loss": 0.2,
        "bad": "NaN",
        "best": 0.2,
        "_step": 4,
    }
    assert [row["loss"] for row in found.history()] == [1, 1 / 2, 1 / 3, 1 / 4, 1 / 5]
    assert found.program == os.path.basename(sys.argv[0])  # noqa: PTH119
    assert run.summary["loss"] == 0.2


@pytest.mark.parametrize("run_id", [None, "größe 100%25 #1?"])
def test_the_url_is_that_of_the_runs_page(server: Any, run_id: str | None) -> None:
    with sdk.init(id=run_id) as run:
        request = urllib.request.Request(str(run.url), headers={"Authorization": f"Bearer {server.key}"})
        with urllib.request.urlopen(request) as answer:
            assert f"<title>{run.id}" in answer.read().decode()


def test_a_finished_run_leaves_nothing_behind(server: object, spools: Path) -> None:
    with sdk.init() as run:
        Path("a.txt").write_text("a")
        run.save("a.txt")
        assert run.dir is not None
        assert Path(run.dir).is_dir()
    assert list(spools.iterdir()) == []
    assert sorted(path.name for path in Path.cwd().iterdir()) == ["a.txt"]


def test_files_keep_their_paths_and_their_bytes(server: object) -> None:
    for path in ("logs/a.csv", "logs/x/b.csv", "model.bin"):
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_bytes(os.urandom(1000))
    with sdk.init() as run:
        saved = run.save("logs/**/*.csv", policy="now")
        assert saved == [str(Path("logs/a.csv").absolute()), str(Path("logs/x/b.csv").absolute())]
        assert run.save("model.bin", policy="end") == [str(Path("model.bin").absolute())]
    for file in Api().run(run.path).files():
        assert Path(file.download("copies")).read_bytes() == Path(file.name).read_bytes()
    assert set(stored(run)) == {"logs/a.csv", "logs/x/b.csv", "model.bin"}


def looks(folder: Path) -> dict[str, tuple[int, ...]]:
    """What shows that somebody wrote, linked, renamed, chmodded or made anything: ctime tells of each."""
    looked = {path: path.lstat() for path in (folder, *folder.rglob("*"))}
    return {
        str(path): (
            seen.st_ino,
            seen.st_nlink,
            seen.st_mode,
            seen.st_size,
            seen.st_mtime_ns,
            seen.st_ctime_ns,
        )
        for path, seen in looked.items()
    }


def test_nothing_of_the_users_is_touched(server: object) -> None:
    Path("d/e").mkdir(parents=True)
    for name in ("now", "live", "end", "config.yaml", "wandb-summary.json", "d/a", "d/e/b"):
        Path(name).write_text(name)
    Path("link").symlink_to("now")
    Path("large").write_bytes(os.urandom(3 << 20))
    before = looks(Path.cwd())
    with sdk.init(config={"a": 1}) as run:
        for name in ("now", "live", "end"):
            run.save(name, policy=name)
        for glob in ("config.yaml", "wandb-summary.json", "link", "large", "d/**"):
            run.save(glob)
        run.log({"loss": 1})
        run.log_artifact("d", name="data", type="dataset").wait()
        until(lambda: len(stored(run)) == 8)
    assert len(stored(run)) == 9
    assert looks(Path.cwd()) == before


def test_a_server_that_hangs_holds_nothing_up(server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    goes_on = threading.Event()
    with Proxy(lambda: server.url) as proxy:
        monkeypatch.setenv("RUNFS_URL", proxy.url)
        run = sdk.init()
        proxy.fault = lambda method, path, phase: None if goes_on.wait(60) else "drop"
        for step in range(5000):
            run.log({"loss": step})
        Path("a").write_text("a")
        run.save("a")
        run.config["late"] = 1
        before = Api(server.url).run(run.path)
        files = list(before.files())
        goes_on.set()
        run.finish()
        after = Api().run(run.path)
        assert (after.history_lines, after.config, list(stored(run))) == (5000, {"late": 1}, ["a"])
    assert (before.history_lines, before.config, files) == (0, {}, [])


def test_no_match_is_said(server: object, capsys: pytest.CaptureFixture[str]) -> None:
    with sdk.init() as run:
        assert run.save("absent*") == []
    assert "nothing matches 'absent*'" in capsys.readouterr().err


def test_wrong_calls(server: object) -> None:
    run = sdk.init()
    with pytest.raises(ValueError, match='Only "live", "end" and "now" policies are currently supported'):
        run.save("*.txt", policy="sometimes")
    with pytest.raises(ValueError, match="walk above"):
        run.save("../x")
    with pytest.raises(TypeError, match="log takes a dictionary"):
        run.log([1])  # type: ignore[arg-type]
    run.finish()
    run.finish()
    for call in (lambda: run.log({}), lambda: run.save("x"), lambda: run.config.update({"a": 1})):
        with pytest.raises(sdk.UsageError, match=rf"Run \({run.id}\) is finished"):
            call()


@pytest.mark.parametrize(
    ("code", "state"), [(None, "finished"), (0, "finished"), (1, "failed"), (3, "failed"), (130, "killed")]
)
def test_exit_codes(server: object, code: int | None, state: str) -> None:
    run = sdk.init()
    run.finish(exit_code=code)
    found = Api().run(run.path)
    assert (found.state, found.exit_code) == (state, code or 0)


def test_an_exception_that_leaves_fails_the_run(server: object) -> None:
    with pytest.raises(KeyError), sdk.init() as run:
        raise KeyError("x")
    assert Api().run(run.path).state == "failed"
    with pytest.raises(KeyboardInterrupt), sdk.init() as run:
        raise KeyboardInterrupt
    assert Api().run(run.path).state == "killed"


def test_output_is_kept(server: object) -> None:
    with sdk.init() as run:
        print("to stdout")
        print("to stderr", file=sys.stderr)
    print("afterwards")
    console = Api().run(run.path).console()
    assert [line for line in console if not line.startswith("runfs:")] == ["to stdout", "to stderr"]


def test_output_may_be_left_alone(server: object) -> None:
    with sdk.init(console="off") as run:
        print("to stdout")
    assert list(Api().run(run.path).console()) == []


def test_resuming(server: object) -> None:
    with sdk.init(id="again", config={"lr": 1}) as run:
        run.log({"loss": 1})
        run.log({"loss": 2})
    with pytest.raises(sdk.Error, match=r"refuses this run.*again"):
        sdk.init(id="again")
    with sdk.init(id="again", resume="must", config={"more": 2}) as run:
        assert run.resumed
        assert (run.step, run.summary["loss"], run.config) == (2, 2, {"lr": 1, "more": 2})
        run.log({"loss": 3})
    found = Api().run(run.path)
    assert [row["_step"] for row in found.history()] == [0, 1, 2]
    assert found.config == {"lr": 1, "more": 2}
    with pytest.raises(sdk.Error, match="refuses this run"):
        sdk.init(id="absent", resume="must")
    with sdk.init(id="fresh", resume="allow") as run:
        assert not run.resumed


def test_a_refused_run_leaves_no_spool(server: object, spools: Path) -> None:
    with pytest.raises(sdk.Error, match="refuses"):
        sdk.init(id="absent", resume="must")
    assert list(spools.iterdir()) == []
    assert sdk.run is None


def test_a_wrong_key_is_an_error_at_init(server: object, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(sdk.Error, match=r"refuses this run.*unknown or revoked"):
        sdk.init(api_key="runfs_" + "x" * 43)


def test_a_folder_that_cannot_hold_the_run(environment: object) -> None:
    Path("file").write_text("")
    with pytest.raises(
        sdk.SettingsError, match=r"file/\.runfs cannot hold the run: Not a directory; .*RUNFS_DIR"
    ):
        sdk.init(dir="file", mode="offline")
    assert sdk.run is None


def test_a_disabled_run_does_nothing(environment: object, spools: Path) -> None:
    Path("a.txt").write_text("a")
    with sdk.init(mode="disabled") as run:
        run.log({"loss": 1})
        run.config["a"] = 1
        assert run.summary["loss"] == 1
        assert run.save("a.txt") == [str(Path("a.txt").absolute())]
    assert not spools.exists()
    assert (run.dir, run.url) == (None, None)


def test_an_offline_run_stays_on_disk(
    environment: object, spools: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with sdk.init(mode="offline", id="off1") as run:
        run.log({"loss": 1})
    (folder,) = spools.iterdir()
    assert run.dir == str(folder)
    assert folder.name.endswith("-off1")
    assert f"kept in {folder}; `runfs sync` sends it" in capsys.readouterr().err


def test_what_a_notebook_shows(server: object) -> None:
    with sdk.init(id="<b>") as run:
        shown = run._repr_html_()
        assert "<b>" not in shown
        assert "&lt;b&gt;" in shown
        assert shown.startswith("run <a href=")
    assert repr(run).endswith(", online, finished>")
    with sdk.init(mode="disabled", id="x") as run:
        assert run._repr_html_().startswith("run ")
        assert "disabled" in repr(run)


def test_a_key_is_nowhere_on_disk(server: object, spools: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key = Path(os.environ["RUNFS_DATA"], "key").read_text().strip()
    run = sdk.init(api_key=key)
    run.log({"a": 1})
    for path in spools.rglob("*"):
        if path.is_file():
            assert key.encode() not in path.read_bytes(), path
    run.finish()


def test_a_huge_row_is_refused_at_once(server: object) -> None:
    with sdk.init() as run, pytest.raises(ValueError, match="save a file instead"):
        run.log({"a": "x" * (4 << 20)})


def test_none_is_a_value_and_del_takes_away(server: object) -> None:
    with sdk.init(config={"a": 1, "b": 2, "c": 3}) as run:
        run.log({"loss": 1, "best": 2})
        run.config["a"] = None
        run.config.d = None
        run.summary["loss"] = None
        del run.config["b"]
        run.config["b"] = None
        del run.config["c"]
        until(lambda: "best" in Api().run(run.path).summary)
        del run.summary["best"]
    found = Api().run(run.path)
    assert found.config == {"a": None, "b": None, "d": None}
    assert (found.summary["loss"], "best" in found.summary) == (None, False)
    found.update(config={"a": 4, "e": None}, config_remove=["d"])
    assert found.config == {"a": 4, "b": None, "e": None}


def test_large_configs_and_values(server: object) -> None:
    config = {f"key{number}": "x" * (100 << 10) for number in range(20)}
    with sdk.init(config=config) as run:
        run.log({"small": 1, "large": "y" * 5000})
        with pytest.raises(ValueError, match="save a file instead"):
            run.config["huge"] = "z" * (300 << 10)
    found = Api().run(run.path)
    assert found.config == config
    assert "large" not in found.summary
    assert found.summary["small"] == 1
    assert [len(row["large"]) for row in found.history()] == [5000]
    with pytest.raises(ValueError, match="config"):
        sdk.init(config={"huge": "z" * (300 << 10)})


def test_json_of_a_row_is_what_history_holds(server: object) -> None:
    row = {"nested": {"a": [1, 2.5, None, True]}, "text": "größer\u2028", "inf": math.inf}
    with sdk.init() as run:
        run.log(row)
    (kept,) = Api().run(run.path).history()
    assert {key: kept[key] for key in row} == {**row, "inf": "Infinity"}
    assert json.dumps(kept, allow_nan=False)
