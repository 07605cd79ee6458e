"""MLflow's artifact server, from a virtual environment of its own, and its client beside it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from benches.daemons import BenchError, Daemon, free_port
from benches.http_peers import answers

ENVIRONMENT = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "runfs-bench" / "mlflow"
INSTALL_LIMIT_S = 900
QUIET = {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true", "GIT_PYTHON_REFRESH": "quiet"}
# Seconds to log a folder's files, then to fetch them; the arguments are the server's URL and the two folders.
CLIENT = """
import sys, time, mlflow
mlflow.set_tracking_uri(sys.argv[1])
mlflow.set_experiment("bench")
with mlflow.start_run() as run:
    began = time.perf_counter()
    mlflow.log_artifacts(sys.argv[2])
    logged = time.perf_counter()
mlflow.artifacts.download_artifacts(run_id=run.info.run_id, dst_path=sys.argv[3])
print(logged - began, time.perf_counter() - logged)
"""


def install() -> Path:
    """The environment's Python; the first call makes it, which takes a minute. BenchError if it cannot."""
    python = ENVIRONMENT / "bin" / "python"
    if (ENVIRONMENT / "complete").exists():
        return python
    steps = [
        [sys.executable, "-m", "venv", str(ENVIRONMENT)],
        [str(python), "-m", "pip", "install", "-q", "mlflow"],
    ]
    for step in steps:
        done = subprocess.run(step, capture_output=True, text=True, timeout=INSTALL_LIMIT_S, check=False)
        if done.returncode:
            raise BenchError(f"MLflow could not be installed: {done.stderr.strip()[-300:]}")
    (ENVIRONMENT / "complete").touch()
    return python


class MLflow:
    """A tracking server that takes artifacts over HTTP into a folder."""

    def __init__(self, work: Path) -> None:
        folder, self.port = work / "mlflow", free_port()
        folder.mkdir()
        self.python = install()
        argv = [str(self.python), "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(self.port)]
        argv += ["--backend-store-uri", f"sqlite:///{folder}/catalog.db", "--serve-artifacts"]
        argv += ["--artifacts-destination", str(folder / "artifacts"), "--workers", "2"]
        self.daemon = Daemon("mlflow", argv, work, QUIET)

    def start(self) -> None:
        """Starts it and waits until it answers."""
        self.daemon.start(lambda: answers(self.port))

    def stop(self) -> None:
        """Stops it."""
        self.daemon.stop()

    def transfer(self, source: Path, target: Path) -> tuple[float, float]:
        """Seconds to log all files of a folder, and to fetch them."""
        target.mkdir(parents=True, exist_ok=True)
        argv = [str(self.python), "-c", CLIENT, f"http://127.0.0.1:{self.port}", str(source), str(target)]
        environment = {**os.environ, **QUIET, "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false"}
        done = subprocess.run(argv, capture_output=True, text=True, env=environment, check=False)
        if done.returncode:
            raise BenchError(f"MLflow's client failed: {done.stderr.strip()[-500:]}")
        logged, fetched = done.stdout.split()[-2:]
        return float(logged), float(fetched)
