"""What keeps `runfs serve` from starting, and how it ends."""

from __future__ import annotations

import json
import os
import pwd
import resource
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import urllib3
from daemon_process import START_LIMIT_S, start

from runfs import serving
from runfs.__main__ import main
from runfs.nfs_side import LOCKS_FILE

FREE_PORTS = ("--http", "127.0.0.1:0", "--nfs", "127.0.0.1:0", "--portmap", "off")
SERVE = (sys.executable, "-m", "runfs", "serve", *FREE_PORTS)


def serve(*flags: str) -> int:
    return main(["serve", *FREE_PORTS, *flags])


@pytest.mark.parametrize("flag", ["--http", "--nfs"])
def test_a_port_in_use(flag: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        assert serve("--data", str(tmp_path / "data"), flag, address) == 2
    complaint = capsys.readouterr().err
    assert "in use" in complaint
    assert flag in complaint
    assert complaint.count("\n") == 1
    assert not (tmp_path / "data").exists()


def test_a_data_folder_that_cannot_be_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    assert serve("--data", str(tmp_path / "file")) == 2
    complaint = capsys.readouterr().err
    assert "--data" in complaint
    assert complaint.count("\n") == 1


def test_a_second_daemon_of_one_folder(served: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert serve("--data", str(served.data)) == 2
    assert "another runfs serves" in capsys.readouterr().err


def test_a_catalog_that_cannot_be_opened(tmp_path: Path) -> None:
    done = subprocess.run(
        [*SERVE, "--data", tmp_path / "data", "--catalog", "gopher://x"],
        capture_output=True,
        text=True,
        timeout=START_LIMIT_S,
    )
    assert done.returncode == 2
    assert "gopher" in done.stderr
    assert "Traceback" not in done.stderr


needs_dev_full = pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has /dev/full")


@needs_dev_full
def test_what_must_be_written_and_cannot(tmp_path: Path) -> None:
    (tmp_path / "blobs.tmp").symlink_to("/dev/full")
    elsewhere = (tmp_path / "elsewhere").as_uri()
    done = subprocess.run(
        [*SERVE, "--data", tmp_path, "--blobs", elsewhere],
        capture_output=True,
        text=True,
        timeout=4 * START_LIMIT_S,
    )
    assert done.returncode == 2
    assert done.stderr.endswith(f"runfs serve: the disk that holds {tmp_path} is full; free some space\n")
    assert "Traceback" not in done.stderr


def test_it_answers_what_was_asked_and_ends_well(tmp_path: Path) -> None:
    daemon = start(tmp_path / "data")
    assert daemon.stop() == 0
    assert not (tmp_path / "data" / "serving.json").exists()
    messages = [json.loads(line)["message"] for line in daemon.log.read_text().splitlines()]
    assert messages[-2:] == ["draining", "stopped"]


def test_everything_is_there_after_a_crash(tmp_path: Path) -> None:
    daemon = start(tmp_path / "data")
    daemon.ask("POST", "/api/v1/runs", {"project": "a/b", "id": "r1"})
    key = (tmp_path / "data" / "key").read_text()
    daemon.process.send_signal(signal.SIGKILL)
    daemon.process.wait()
    daemon = start(tmp_path / "data")
    assert (tmp_path / "data" / "key").read_text() == key
    assert daemon.ask("GET", "/api/v1/runs/r1")["id"] == "r1"
    daemon.stop()


@needs_dev_full
def test_a_full_disk_is_served(tmp_path: Path) -> None:
    data = tmp_path / "data"
    daemon = start(data)
    daemon.ask("POST", "/api/v1/runs", {"project": "a/b", "id": "r1"})
    daemon.process.kill()
    daemon.process.wait()
    for file in (LOCKS_FILE, serving.FILE):
        (data / f"{file}.new").symlink_to("/dev/full")
    with subprocess.Popen([*SERVE, "--data", data], stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr
        lines = map(json.loads, process.stderr)
        http = next(line["http"] for line in lines if line["message"] == "serving")
        again = replace(daemon, http=http, process=process)
        assert again.ask("GET", "/api/v1/runs/r1")["id"] == "r1"
        process.terminate()


@pytest.fixture
def public_folder() -> Iterator[Path]:
    """A folder that every account may enter; pytest makes its own private again with each start."""
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder)
        made.chmod(0o755)
        yield made


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another account")
def test_root_becomes_the_user_who_owns_everything(public_folder: Path) -> None:
    argv = [sys.executable, "-c", "import runfs.serve"]
    environ = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    try:
        subprocess.run(argv, user="nobody", cwd="/", env=environ, capture_output=True, check=True)
    except (PermissionError, subprocess.CalledProcessError):
        pytest.skip("these sources are in a folder that only root may read")
    data = public_folder / "data"
    daemon = start(data, "--user", "nobody")
    uid = pwd.getpwnam("nobody").pw_uid
    status = Path(f"/proc/{daemon.process.pid}/status").read_text()
    assert f"Uid:\t{uid}\t{uid}\t{uid}\t{uid}" in status
    assert daemon.ask("GET", "/readyz")
    assert {path.stat().st_uid for path in data.rglob("*")} == {uid}
    assert daemon.stop() == 0


def test_no_key_in_the_log(served: Any) -> None:
    key = (served.data / "key").read_text().strip()
    urllib3.request("GET", f"{served.http}/api/v1/runs?key={key}", headers={"Authorization": f"Bearer {key}"})
    served.ask("GET", "/api/v1/runs")
    assert key not in served.log.read_text()


def test_it_may_open_as_many_files_as_the_system_grants(served: Any) -> None:
    soft, hard = resource.prlimit(served.process.pid, resource.RLIMIT_NOFILE)
    assert soft == hard
