"""The command line of scripts/bench."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import pytest
from benches import cli, load
from benches.daemons import BenchError
from benches.report import Row, publish
from benches.stats import Aim


def install(monkeypatch: pytest.MonkeyPatch, run: object) -> None:
    """Puts a bench of the test's own in the place of the nfs bench, and empty files for the programs."""
    monkeypatch.setattr(load, "build", lambda folder: [(folder / name).touch() for name in load.PROGRAMS])
    module = ModuleType("benches.nfs")
    module.run = run  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "benches.nfs", module)


@pytest.mark.parametrize(
    ("options", "quick", "rounds"),
    [([], False, 7), (["--quick"], True, 3), (["--quick", "--rounds", "5"], True, 5)],
)
def test_a_bench_gets_its_plan(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, options: list[str], quick: bool, rounds: int
) -> None:
    plans = []
    install(monkeypatch, plans.append)
    assert cli.main(["nfs", "--json", str(tmp_path / "new"), *options]) == 0
    (plan,) = plans
    assert (plan.quick, plan.rounds) == (quick, rounds)
    assert plan.json_file == tmp_path / "new" / "nfs.json"
    assert plan.json_file.parent.is_dir()
    assert not plan.work.exists()  # removed with everything in it


def test_the_programs_are_built_before_the_bench_runs(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def run(plan: cli.Plan) -> None:
        assert {path.name for path in plan.programs.iterdir()} == {"load", "phys", "pattern"}

    install(monkeypatch, run)
    assert cli.main(["nfs", "--json", str(tmp_path)]) == 0


def test_what_could_not_be_measured_is_said(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(plan: cli.Plan) -> None:
        raise BenchError("ganesha.nfsd is not installed")

    install(monkeypatch, run)
    assert cli.main(["nfs", "--json", str(tmp_path)]) == 2
    assert "bench nfs: ganesha.nfsd is not installed" in capsys.readouterr().err


def test_all_run_even_if_one_fails(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    run = []

    def fail(plan: cli.Plan) -> None:
        run.append(plan.json_file.name)
        raise ZeroDivisionError

    install(monkeypatch, fail)
    for name in cli.BENCHES[1:]:
        module = ModuleType(f"benches.{name}")
        module.run = lambda plan: run.append(plan.json_file.name)  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, f"benches.{name}", module)
    assert cli.main(["all", "--json", str(tmp_path)]) == 2
    assert run == [f"{name}.json" for name in cli.BENCHES]


def test_an_unknown_bench_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as refused:
        cli.parse(["coffee"])
    assert refused.value.code == 2
    assert "invalid choice" in capsys.readouterr().err


def test_a_plan_says_what_its_figures_rest_on(tmp_path: Path) -> None:
    plan = cli.Plan(True, 3, tmp_path, tmp_path / "nfs.json")
    assert (plan.notes["rounds"], "--quick" in plan.notes["data"]) == (3, True)
    assert plan.notes["data on"] == plan.file_system
    assert "--quick" not in cli.Plan(False, 7, tmp_path, tmp_path).notes["data"]


def test_the_table_is_of_the_figures_that_are_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["table", "--json", str(tmp_path)]) == 2
    assert f"no figures in {tmp_path} yet" in capsys.readouterr().err
    row = Row("PUT", "MiB/s", {"runfs": [5]}, (Aim(None, 1, 2),))
    publish("http", [row], ["runfs"], tmp_path / "http.json", {"rounds": 1, "data": "all data"})
    capsys.readouterr()
    assert cli.main(["table", "--json", str(tmp_path)]) == 0
    assert "| PUT | 5 MiB/s (>= 1 / 2) |" in capsys.readouterr().out
