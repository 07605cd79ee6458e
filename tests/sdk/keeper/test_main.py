"""The keeper outlives killed scripts, keepers and servers, at each step of an upload."""

from __future__ import annotations

import hashlib
import os
import re
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import sdk
from sdk.api import Api, StoredRun
from sdk.keeper.parcels import FILE_BYTES
from sdk.syncing import sync

from ..conftest import Server, until
from ..faults import Proxy

MIDDLE = 2 << 20  # asked for, sent and registered in three requests
LARGE = 70 << 20  # sent in parts


def only_run() -> StoredRun:
    (run,) = Api().runs(os.environ["RUNFS_PROJECT"])
    return run


def sha256(path: str) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def check_files(run: StoredRun, *paths: str) -> None:
    """Each file is there once, with its bytes, and the server's bytes are those of its hash."""
    found = {file.name: file for file in run.files()}
    assert set(found) == set(paths)
    for path in paths:
        assert found[path].sha256 == sha256(path)
        copy = found[path].download("copies", replace=True)
        assert sha256(copy) == sha256(path)


SCRIPT = """
    import os, sdk
    run = sdk.init(id="killed")
    open("end.txt", "w").write("at the end")
    open("now.txt", "w").write("now")
    run.save("end.txt", policy="end")
    run.save("now.txt", policy="now")
    run.log({"loss": 1})
    print("ready", flush=True)
    input()
"""


def test_a_killed_script_loses_nothing_and_its_run_crashed(
    server: Server, script: Callable[..., Any], spools: Path
) -> None:
    train = script(SCRIPT)
    assert train.line() == "ready"
    train.kill()
    until(lambda: only_run().state == "crashed")
    check_files(only_run(), "end.txt", "now.txt")
    assert [row["loss"] for row in only_run().history()] == [1]
    until(lambda: not list(spools.iterdir()))


@pytest.mark.parametrize("fork", ["os.fork()", "ctypes.CDLL(None).fork()"], ids=["python", "native"])
def test_a_forked_child_does_not_keep_a_killed_scripts_run_alive(
    server: Server, script: Callable[..., Any], fork: str
) -> None:
    """A child that a native library forks knows nothing of Python, and keeps the pipes open."""
    train = script(f"""
        import ctypes, os, time, sdk
        run = sdk.init()
        child = {fork}
        if child == 0:
            time.sleep(100)
        print(child, flush=True)
        input()
    """)
    child = int(train.line())
    try:
        train.process.kill()
        until(lambda: only_run().state == "crashed")
    finally:
        os.kill(child, signal.SIGKILL)


def keeper_of(process_id: int) -> int:
    """The keeper is the script's only child."""
    return int(Path(f"/proc/{process_id}/task/{process_id}/children").read_text())


def test_a_killed_keeper_is_replaced_at_finish(server: Server, script: Callable[..., Any]) -> None:
    train = script(SCRIPT + '    run.log({"loss": 2})\n')
    assert train.line() == "ready"
    os.kill(keeper_of(train.process.pid), signal.SIGKILL)
    train.go_on()
    status, _, err = train.end()
    assert status == 0, err
    assert only_run().state == "finished"
    assert [row["loss"] for row in only_run().history()] == [1, 2]
    check_files(only_run(), "end.txt", "now.txt")


def test_script_and_keeper_killed_leave_a_spool_for_sync(
    server: Server, script: Callable[..., Any], spools: Path
) -> None:
    train = script(SCRIPT)
    assert train.line() == "ready"
    keeper = keeper_of(train.process.pid)
    os.kill(keeper, signal.SIGSTOP)
    train.kill()
    os.kill(keeper, signal.SIGKILL)
    (folder,) = spools.iterdir()
    until(lambda: [each.state for each in sync()] == ["sent"])
    assert not folder.exists()
    assert only_run().state == "crashed"
    check_files(only_run(), "end.txt", "now.txt")


STEPS = {
    "create": re.compile("POST .*/runs"),
    "history": re.compile("POST .*/history"),
    "small": re.compile("PUT .*/runs/[^/]+/files"),
    "together": re.compile("POST .*/files:put"),
    "ask": re.compile("POST .*/upload-url"),
    "tell": re.compile("PATCH .*/uploads/[^/]+"),
    "part": re.compile("PUT .*/signed/uploads/[^/]+"),
    "register": re.compile("POST .*/runs/[^/]+/files"),
    "finish": re.compile("POST .*/finish"),
}


MOMENTS = [
    ("create", "after"),
    ("history", "after"),
    ("small", "before"),
    ("together", "before"),
    ("together", "after"),
    ("ask", "after"),
    ("tell", "before"),
    ("tell", "after"),
    ("part", "before"),
    ("part", "after"),
    ("register", "after"),
]
SMALL = FILE_BYTES // 4  # words of five letters: too long to go together with others
TOGETHER = [f"many/{number}.txt" for number in range(20)]


class EachMomentOnce:
    """Calls `act` once at each of the moments."""

    def __init__(self, act: Callable[[], Any]) -> None:
        self._act = act
        self._mutex = threading.Lock()
        self.done: set[tuple[str, str]] = set()

    def __call__(self, method: str, path: str, phase: str) -> Any:
        step = next((name for name, form in STEPS.items() if form.fullmatch(f"{method} {path}")), None)
        with self._mutex:
            if (step, phase) not in MOMENTS or (step, phase) in self.done:
                return None
            self.done.add((str(step), phase))
            return self._act()


@pytest.fixture
def proxied(own_server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    with Proxy(lambda: own_server.url) as proxy:
        monkeypatch.setenv("RUNFS_URL", proxy.url)
        yield proxy


def test_the_server_is_killed_at_every_step(own_server: Server, proxied: Proxy) -> None:
    def kill() -> str:
        own_server.kill()
        own_server.start()
        return "drop"

    proxied.fault = fault = EachMomentOnce(kill)
    Path("small.txt").write_text("small" * SMALL)
    Path("middle.bin").write_bytes(os.urandom(MIDDLE))
    Path("large.bin").write_bytes(os.urandom(1 << 20) * (LARGE >> 20))
    Path("many").mkdir()
    for number in range(20):
        Path("many", f"{number}.txt").write_text(f"{number}")
    with sdk.init() as run:
        run.save("small.txt", policy="now")
        run.save("many/*", policy="now")
        run.save("middle.bin", policy="now")
        run.save("large.bin", policy="now")
        run.log({"loss": 1})
    assert fault.done == set(MOMENTS)
    found = Api().run(run.path)
    assert found.state == "finished"
    check_files(found, "small.txt", "middle.bin", "large.bin", *TOGETHER)
    assert [row["loss"] for row in found.history()] == [1]


@pytest.mark.parametrize(("step", "phase"), MOMENTS)
def test_script_and_keeper_are_killed_at_each_step(
    server: Server,
    script: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
    step: str,
    phase: str,
) -> None:
    victims: list[int] = []

    def fault(method: str, path: str, at: str) -> Any:
        if victims and at == phase and STEPS[step].fullmatch(f"{method} {path}"):
            while victims:
                os.kill(victims.pop(), signal.SIGKILL)
            return "drop"
        return None

    with Proxy(lambda: server.url, fault) as proxy:
        monkeypatch.setenv("RUNFS_URL", proxy.url)
        train = script(f"""
            import os, time, sdk
            open("small.txt", "w").write("small" * {SMALL})
            open("middle.bin", "wb").write(os.urandom({LARGE if step == "tell" else MIDDLE}))
            os.mkdir("many")
            for number in range(20):
                open(f"many/{{number}}.txt", "w").write(str(number))
            print("made", flush=True)
            run = sdk.init(init_timeout=0)
            run.log({{"loss": 1}})
            run.save("small.txt", policy="now")
            run.save("many/*", policy="now")
            run.save("middle.bin", policy="now")
            input()
        """)
        assert train.line() == "made"
        victims += [train.process.pid, until(lambda: children(train.process.pid))]
        train.process.wait(60)
        assert not victims
        proxy.fault = lambda method, path, at: None
        until(lambda: [each.state for each in sync()] == ["sent"])
        run = only_run()
        assert run.state == "crashed"
        assert [row["loss"] for row in run.history()] == [1] or step == "create"
        # What was saved before the kill is there; a save that the kill came before is not.
        check_files(run, *[file.name for file in run.files()])
        assert step in ("create", "history") or "small.txt" in {file.name for file in run.files()}


def test_an_upload_in_parts_goes_on_where_it_was_cut_off(
    server: Server, script: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    victims: list[int] = []
    first = threading.Lock()

    def fault(method: str, path: str, phase: str) -> Any:
        """One part arrives, then script and keeper are killed; no other part gets through, however late."""
        if not STEPS["part"].fullmatch(f"{method} {path}"):
            return None
        if phase == "before":
            return None if first.acquire(blocking=False) else "drop"
        while victims:
            os.kill(victims.pop(), signal.SIGKILL)
        return None

    def parts(seen: list[str]) -> list[str]:
        return [each for each in seen if STEPS["part"].fullmatch(each)]

    Path("large.bin").write_bytes(os.urandom(1 << 20) * (LARGE >> 20))
    with Proxy(lambda: server.url, fault) as before, Proxy(lambda: server.url) as after:
        monkeypatch.setenv("RUNFS_URL", before.url)
        train = script("""
            import sdk
            run = sdk.init()
            print(flush=True)
            input()
            run.save("large.bin", policy="now")
            input()
        """)
        train.line()
        victims += [children(train.process.pid), train.process.pid]
        train.go_on()
        train.process.wait(60)
        until(lambda: not victims)
        monkeypatch.setenv("RUNFS_URL", after.url)
        until(lambda: [each.state for each in sync()] == ["sent"])
        # Of the three parts the two that are missing, each once, of the upload that was begun.
        assert parts(after.seen) == parts(before.seen)[:1] * 2
        check_files(only_run(), "large.bin")


def children(process_id: int) -> int:
    """The keeper's process id, or 0 while there is none."""
    return int(Path(f"/proc/{process_id}/task/{process_id}/children").read_text().strip() or 0)
