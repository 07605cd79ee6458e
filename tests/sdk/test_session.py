"""The current run of a process: module functions, several runs, the ends of scripts, forked children."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import sdk
from sdk.api import Api

from .conftest import Server, until
from .faults import Proxy


def test_module_functions_work_on_the_current_run(server: object) -> None:
    Path("a.txt").write_text("a")
    run = sdk.init(config={"lr": 1})
    assert sdk.run is run
    sdk.log({"loss": 1})
    sdk.config.epochs = 2
    sdk.summary["best"] = 3
    assert sdk.save("a.txt") == [str(Path("a.txt").absolute())]
    sdk.finish()
    assert sdk.run is None
    sdk.finish()
    found = Api().run(run.path)
    assert found.config == {"lr": 1, "epochs": 2}
    assert (found.summary["loss"], found.summary["best"]) == (1, 3)
    assert [file.name for file in found.files()] == ["a.txt"]


def test_before_init_every_call_says_what_to_do(environment: object) -> None:
    for call in (lambda: sdk.log({}), lambda: sdk.save("x")):
        with pytest.raises(sdk.UsageError, match=r"You must call sdk.init\(\) before sdk"):
            call()
    with pytest.raises(sdk.UsageError, match=r"sdk\.config"):
        sdk.config["lr"] = 1
    with pytest.raises(AttributeError, match="no attribute 'absent'"):
        sdk.absent  # noqa: B018


def test_an_open_run_is_returned_unless_another_is_wanted(
    server: object, capsys: pytest.CaptureFixture[str]
) -> None:
    first = sdk.init()
    assert sdk.init() is first
    assert "still open" in capsys.readouterr().err
    other = sdk.init(reinit="create_new")
    assert sdk.run is other
    other.finish()
    assert sdk.run is first
    second = sdk.init(reinit=True)
    assert second is not first
    with pytest.raises(sdk.UsageError, match="finished"):
        first.log({})
    second.finish()


def test_wrong_arguments(environment: object) -> None:
    with pytest.raises(TypeError, match="unexpected keyword argument 'nmae'"):
        sdk.init(nmae="x")
    with pytest.raises(sdk.SettingsError, match="mode"):
        sdk.init(mode="onlien")
    with pytest.raises(TypeError, match="a config is"):
        sdk.init(config=5, mode="disabled")
    assert sdk.run is None


@pytest.mark.parametrize(
    ("ending", "status", "state"),
    [
        ("", 0, "finished"),
        ("sys.exit()", 0, "finished"),
        ("sys.exit(3)", 3, "failed"),
        ("sys.exit('words')", 1, "failed"),
        ("raise ValueError('x')", 1, "failed"),
        ("raise KeyboardInterrupt", -2, "killed"),
    ],
)
def test_the_end_of_a_script_finishes_its_run(
    server: object, script: Callable[..., Any], ending: str, status: int, state: str
) -> None:
    train = script(f"""
        import sys, sdk
        run = sdk.init(id="r1")
        open("a.txt", "w").write("a")
        run.save("a.txt", policy="end")
        run.log({{"loss": 1}})
        {ending}
    """)
    assert train.end()[0] == status
    (found,) = Api().runs(os.environ["RUNFS_PROJECT"])
    assert found.state == state
    assert found.exit_code == (0 if status == 0 else 130 if state == "killed" else status)
    assert [file.name for file in found.files()] == ["a.txt"]
    assert found.summary["loss"] == 1


def test_ctrl_c_twice(server: Server, script: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """The first ends the script, the second its waiting; the keeper sends what is left and ends the run."""
    asked, may_go = threading.Event(), threading.Event()

    def fault(method: str, path: str, phase: str) -> Any:
        if (method, phase) == ("PUT", "before"):
            asked.set()
            assert may_go.wait(60)
        return None

    with Proxy(lambda: server.url, fault) as proxy:
        monkeypatch.setenv("RUNFS_URL", proxy.url)
        train = script("""
            import sdk, sdk.conclusion
            wait = sdk.conclusion._wait
            sdk.conclusion._wait = lambda link: (print("waiting", flush=True), wait(link))
            run = sdk.init(id="r1")
            open("a.txt", "w").write("a" * 500_000)
            run.save("a.txt", policy="now")
            run.log({"loss": 1})
            print("saved", flush=True)
            input()
        """)
        assert train.line() == "saved"
        assert asked.wait(60)
        train.process.send_signal(signal.SIGINT)
        assert train.line() == "waiting"
        assert train.process.poll() is None
        train.process.send_signal(signal.SIGINT)
        status, _, err = train.end()
        assert status == -signal.SIGINT
        assert "not waiting any more; sending goes on in the background" in err
        (found,) = Api().runs(os.environ["RUNFS_PROJECT"])
        assert (found.state, list(found.files())) == ("running", [])
        may_go.set()
        until(lambda: Api().run(found.path).state != "running")
        found = Api().run(found.path)
        assert (found.state, found.exit_code) == ("killed", 130)
        assert [file.size for file in found.files()] == [500_000]
        assert [row["loss"] for row in found.history()] == [1]


def test_two_processes_in_one_run(server: Server, script: Callable[..., Any]) -> None:
    """Who does not say that it resumes is refused; two that do lose no line of each other."""
    text = """
        import sdk
        run = sdk.init(id="both", resume="allow")
        print("begun", flush=True)
        for number in range(100):
            run.log({"who": %r, "number": number})
            if number %% 20 == 0:
                input()
        open(%r, "w").write("text")
        run.save(%r, policy="now")
    """
    both = [script(text % (name, name, name), f"{name}.py") for name in ("one", "two")]
    for each in both:
        assert each.line() == "begun"
    with pytest.raises(sdk.Error, match=r"refuses this run.*both"):
        sdk.init(id="both")
    for _ in range(5):
        for each in both:
            each.go_on()
    for each in both:
        status, _, err = each.end()
        assert status == 0, err
    (found,) = Api().runs(os.environ["RUNFS_PROJECT"])
    rows = list(found.history())
    for name in ("one", "two"):
        assert [row["number"] for row in rows if row["who"] == name] == list(range(100))
    assert {file.name for file in found.files()} == {"one", "two"}
    assert found.state == "finished"


def test_a_forked_child_leaves_the_run_alone(server: object, script: Callable[..., Any]) -> None:
    train = script("""
        import os, sdk
        run = sdk.init(id="forking")
        child = os.fork()
        if child == 0:
            try:
                run.log({"child": 1})
            except sdk.UsageError as error:
                print(error, flush=True)
            print("current:", sdk.run, flush=True)
            run.finish()
            raise SystemExit(7)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
        run.log({"parent": 1})
    """)
    status, out, err = train.end()
    assert status == 0, err
    assert "belongs to process" in out
    assert "current: None" in out
    found = next(Api().runs(os.environ["RUNFS_PROJECT"]))
    assert found.state == "finished"
    assert [set(row) & {"child", "parent"} for row in found.history()] == [{"parent"}]


def test_a_fork_while_another_thread_logs_does_not_hang_the_child(
    server: object, script: Callable[..., Any]
) -> None:
    train = script("""
        import os, sys, threading, sdk
        run = sdk.init()
        held = threading.Event()
        def hold():
            with run._spool._mutex:
                print("logging", flush=True)
                held.set()
                forked.wait()
        write = sys.stdout.write.__closure__
        locks = [cell.cell_contents for cell in write if type(cell.cell_contents) is type(threading.Lock())]
        forked = threading.Event()
        threading.Thread(target=hold, daemon=True).start()
        held.wait()
        for lock in locks:  # as if that thread were printing too
            lock.acquire()
        child = os.fork()
        if child == 0:
            print("printed by the child", flush=True)
            os._exit(7)
        for lock in locks:
            lock.release()
        forked.set()
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
        assert len(locks) == 1
        run.log({"parent": 1})
    """)
    status, out, err = train.end()
    assert status == 0, err
    assert "printed by the child" in out
    found = next(Api().runs(os.environ["RUNFS_PROJECT"]))
    assert "printed by the child" not in list(found.console())


@pytest.mark.parametrize("ending", ["os._exit(0)", "os.kill(os.getpid(), signal.SIGTERM)"])
def test_an_end_that_no_python_sees_is_a_crash_that_loses_nothing(
    server: object, script: Callable[..., Any], ending: str
) -> None:
    train = script(f"""
        import os, signal, sdk
        run = sdk.init()
        open("a.txt", "w").write("a")
        run.save("a.txt", policy="end")
        run.log({{"loss": 1}})
        {ending}
    """)
    train.end()
    (found,) = Api().runs(os.environ["RUNFS_PROJECT"])
    until(lambda: found.refresh().state == "crashed")
    assert [file.name for file in found.files()] == ["a.txt"]
    assert [row["loss"] for row in found.history()] == [1]


def test_two_runs_of_two_threads_of_one_process(server: object) -> None:
    runs = [sdk.init(reinit="create_new", id=f"r{number}") for number in range(2)]
    for number, run in enumerate(runs):
        run.log({"number": number})
    for run in runs:
        run.finish()
    for number, run in enumerate(runs):
        assert [row["number"] for row in Api().run(run.path).history()] == [number]


def test_sys_exit_still_exits() -> None:
    with pytest.raises(SystemExit) as caught:
        sys.exit(5)
    assert caught.value.code == 5
