"""A real server in a process of its own, an environment that knows it, and scripts that use the SDK."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

import sdk
from sdk import session

ROOT = Path(__file__).absolute().parents[2]
STARTS_S = 30.0
settings.register_profile("sdk", deadline=None)  # a machine with other work must not fail a property
settings.load_profile("sdk")
ENDS_S = 60.0


class Server:
    """The HTTP side over a folder; it can be killed, and started again at the same address."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self._port = 0
        self._process: subprocess.Popen[str] | None = None
        self.start()

    def start(self) -> None:
        """Start it; returns when it answers."""
        program = [sys.executable, str(ROOT / "tests/sdk/http_server.py"), str(self.data), str(self._port)]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        self._process = subprocess.Popen(program, stdout=subprocess.PIPE, text=True, env=environment)
        assert self._process.stdout is not None
        said = self._process.stdout.readline()
        assert said, "the server did not start"
        self._port = int(said)

    def kill(self) -> None:
        """Kill it at once, as a crash would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(ENDS_S)
            assert self._process.stdout is not None
            self._process.stdout.close()
            self._process = None

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def key(self) -> str:
        """The key of the account that it runs for."""
        return (self.data / "key").read_text().strip()


@pytest.fixture(scope="session")
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for all tests that do it no harm."""
    server = Server(tmp_path_factory.mktemp("server"))
    yield server
    server.kill()


@pytest.fixture
def own_server(
    tmp_path: Path, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Server]:
    """A server of the test's own, to be killed."""
    server = Server(tmp_path / "server")
    monkeypatch.setenv("RUNFS_URL", server.url)
    monkeypatch.setenv("RUNFS_DATA", str(server.data))
    yield server
    server.kill()


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """No settings but those of a test, an empty working directory, spools of its own."""
    for name in list(os.environ):
        if name.startswith(("RUNFS_", "WANDB_")):
            monkeypatch.delenv(name)
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("RUNFS_PROJECT", f"tests/{tmp_path.name}"[:100])
    monkeypatch.setenv("RUNFS_FINISH_TIMEOUT", "60")
    return dict(os.environ)


@pytest.fixture
def server(
    shared_server: Server, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Server]:
    """The shared server, known to the environment; runs that a test left open are finished."""
    monkeypatch.setenv("RUNFS_URL", shared_server.url)
    monkeypatch.setenv("RUNFS_DATA", str(shared_server.data))
    yield shared_server
    while session.current() is not None:
        sdk.finish()


@pytest.fixture
def spools(tmp_path: Path) -> Path:
    """The folder that holds the test's spools."""
    return tmp_path / "state" / "runfs"


class Script:
    """A training script in a process of its own, and what it printed."""

    def __init__(self, text: str, name: str = "train.py") -> None:
        path = Path(name).absolute()
        path.write_text(textwrap.dedent(text))
        self.process = subprocess.Popen(
            [sys.executable, str(path)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            stdin=subprocess.PIPE,
            text=True,
        )

    def line(self) -> str:
        """The next line that it prints."""
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def go_on(self) -> None:
        """Let its `input()` return."""
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def kill(self) -> None:
        """kill -9."""
        self.process.kill()
        self.end()

    def end(self) -> tuple[int, str, str]:
        """Wait for its end: exit status, the rest of its standard output, its standard error."""
        out, err = self.process.communicate(timeout=ENDS_S)
        return self.process.returncode, out, err


@pytest.fixture
def script() -> Iterator[Callable[..., Script]]:
    """Start a script from its text."""
    started: list[Script] = []

    def start(text: str, name: str = "train.py") -> Script:
        started.append(Script(text, name))
        return started[-1]

    yield start
    for each in started:
        if each.process.poll() is None:
            each.kill()


def until(question: Callable[[], Any], timeout_s: float = 60.0) -> Any:
    """Ask until the answer is true, and give it; an AssertionError when it takes too long."""
    deadline = time.monotonic() + timeout_s
    while not (answer := question()):
        assert time.monotonic() < deadline, "it did not come to be"
        time.sleep(0.02)
    return answer
