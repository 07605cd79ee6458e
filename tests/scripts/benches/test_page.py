"""The page bench from its command line to its file, with few files, in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from benches import peers
from benches.daemons import BenchError

SMALL = "import sys; from benches import cli, page; page.QUICK_FILES = 30; sys.exit(cli.main(sys.argv[1:]))"


def test_a_person_waits_for_paint_rows_and_filter(tmp_path: Path) -> None:
    try:
        peers.program("chromium", "Debian: chromium")
    except BenchError as error:
        pytest.skip(str(error))
    environment = {**os.environ, "PYTHONPATH": f"{peers.ROOT}:{peers.ROOT / 'scripts'}"}
    argv = [sys.executable, "-c", SMALL, "page", "--quick", "--rounds", "1"]
    argv += ["--json", str(tmp_path), "--in", str(tmp_path)]
    done = subprocess.run(argv, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    document = json.loads((tmp_path / "page.json").read_text())
    assert document["notes"]["files"] == 31
    rows = {row["title"]: row for row in document["rows"]}
    assert {title: row["aims"][0]["want"] for title, row in rows.items()} == {
        "first paint": 1000,
        "rows are there": 1000,
        "filter by text: its one row": 300,
    }
    assert all(len(row["rounds"]["runfs"]) == 1 and row["medians"]["runfs"] > 0 for row in rows.values())
    assert list(tmp_path.iterdir()) == [tmp_path / "page.json"]  # the data folder is gone
