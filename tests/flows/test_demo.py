"""scripts/demo --once, as a newcomer runs it, but for the environment that is here already."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LIMIT_S = 120


def test_the_demo_trains_saves_and_shows(tmp_path: Path) -> None:
    environ = {**os.environ, "RUNFS_PYTHON": sys.executable, "PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path)}
    done = subprocess.run(
        ["bash", "scripts/demo", "--once"],
        cwd=ROOT,
        env=environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    shown = done.stdout
    metadata = json.loads(shown[shown.index("{\n") : shown.index("\n}\n") + 2])
    assert metadata["state"] == "finished"
    assert metadata["history_lines"] == 20
    assert metadata["summary"]["test/accuracy"] > 0.9
    assert metadata["files"] == 2
    links = re.findall(r"^(\w+) -> \.\./\.\./\.\./runs/(\w+)$", shown, re.MULTILINE)
    assert len(links) == 2
    assert all(name == target for name, target in links)
    assert "weights.json" in shown
    assert "latest -> v1" in shown
    assert re.search(r"^mount -t nfs .*localhost:/ /mnt/wandb$", shown, re.MULTILINE)
    assert not list(tmp_path.iterdir()), "it leaves something behind"


def test_a_mistake_is_one_line(tmp_path: Path) -> None:
    environ = {**os.environ, "RUNFS_PYTHON": sys.executable, "PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path)}
    done = subprocess.run(
        ["bash", "scripts/demo", "--once", "--nonsense"],
        cwd=ROOT,
        env=environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
    )
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "--nonsense" in done.stderr


def test_what_a_killed_daemon_left_is_not_taken_for_the_new_one(tmp_path: Path) -> None:
    environ = {
        **os.environ,
        "RUNFS_PYTHON": sys.executable,
        "PYTHONPATH": str(ROOT),
        "RUNFS_DATA": str(tmp_path),
    }
    left = {"http": "http://127.0.0.1:1", "nfs": "127.0.0.1:1", "portmap": None, "pid": 1}
    (tmp_path / "serving.json").write_text(json.dumps(left, indent=1) + "\n", encoding="utf-8")
    demo = subprocess.Popen(
        ["bash", "scripts/demo", "--http", "127.0.0.1:0", "--nfs", "127.0.0.1:0", "--portmap", "off"],
        cwd=ROOT,
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        assert demo.stdout is not None
        told = demo.stdout.readline()
        assert re.match(r"The daemon runs: http://127\.0\.0\.1:\d{2,},", told), told
    finally:
        os.killpg(demo.pid, signal.SIGTERM)
        demo.communicate(timeout=LIMIT_S)
