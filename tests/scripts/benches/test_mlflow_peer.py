"""MLflow has an environment of its own, tells nobody, and listens on 127.0.0.1 alone."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from benches import mlflow_peer
from benches.daemons import BenchError


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[list[str]]:
    """What is run, with an environment in tmp_path; a command that has "failing" in it fails."""
    run: list[list[str]] = []

    def note(argv: list[str], **options: Any) -> subprocess.CompletedProcess[str]:
        run.append(argv)
        if argv[1:3] == ["-m", "venv"]:
            Path(argv[3]).mkdir(parents=True)
        failed = any("failing" in word for word in argv)
        return subprocess.CompletedProcess(argv, int(failed), "noise\n1.5 0.25\n", "no such package")

    monkeypatch.setattr(mlflow_peer, "ENVIRONMENT", tmp_path / "environment")
    monkeypatch.setattr(subprocess, "run", note)
    return run


def test_the_environment_is_made_once(commands: list[list[str]], tmp_path: Path) -> None:
    python = mlflow_peer.install()
    assert python == tmp_path / "environment" / "bin" / "python"
    assert commands[0] == [sys.executable, "-m", "venv", str(tmp_path / "environment")]
    assert commands[1][:4] == [str(python), "-m", "pip", "install"]
    assert mlflow_peer.install() == python
    assert len(commands) == 2


def test_a_failed_installation_is_told_and_tried_again(
    commands: list[list[str]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(mlflow_peer, "ENVIRONMENT", tmp_path / "failing")
    with pytest.raises(BenchError, match="MLflow could not be installed: no such package"):
        mlflow_peer.install()
    assert not (tmp_path / "failing" / "complete").exists()


def test_the_server_listens_here_and_keeps_everything_in_the_benchs_folder(
    commands: list[list[str]], tmp_path: Path
) -> None:
    server = mlflow_peer.MLflow(tmp_path)
    argv = server.daemon.argv
    assert argv[argv.index("--host") + 1] == "127.0.0.1"
    assert argv[argv.index("--port") + 1] == str(server.port)
    assert argv[argv.index("--backend-store-uri") + 1] == f"sqlite:///{tmp_path}/mlflow/catalog.db"
    assert argv[argv.index("--artifacts-destination") + 1] == f"{tmp_path}/mlflow/artifacts"
    assert "--serve-artifacts" in argv
    assert server.daemon.environment["MLFLOW_DISABLE_TELEMETRY"] == "true"


def test_the_clients_last_line_is_the_times(commands: list[list[str]], tmp_path: Path) -> None:
    server = mlflow_peer.MLflow(tmp_path)
    assert server.transfer(tmp_path / "from", tmp_path / "to") == (1.5, 0.25)
    assert commands[-1][-3:] == [
        f"http://127.0.0.1:{server.port}",
        str(tmp_path / "from"),
        str(tmp_path / "to"),
    ]
    with pytest.raises(BenchError, match="MLflow's client failed: no such package"):
        server.transfer(tmp_path / "failing", tmp_path / "to")


def test_the_client_is_a_program() -> None:
    compile(mlflow_peer.CLIENT, "client", "exec")
