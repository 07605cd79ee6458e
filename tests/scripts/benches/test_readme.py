"""The README's table, from the files that the benches wrote."""

from __future__ import annotations

from pathlib import Path

import pytest
from benches import readme
from benches.daemons import BenchError
from benches.report import Row, publish
from benches.stats import Aim

ROWS = [
    Row("GETATTR", "calls/s", {"runfs": [3000, 1000, 2000], "ganesha": [1000, 1000, 1000]},
        (Aim("ganesha", 1.0, 1.5),)),
    Row("start", "ms", {"runfs": [555]}, (Aim(None, 400, 150, "less"),)),
    Row("save", "MiB/s", {"runfs": [100], "runfs on S3": [45], "boto3": [90]}, (Aim("boto3", 0.9, None),),
        own="runfs on S3"),
    Row("not judged", "s", {"runfs": [1]}),
]  # fmt: skip


@pytest.fixture
def figures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """A folder with the figures of one bench."""
    notes = {"rounds": 3, "data": "all data", "without rclone": "it ended\nwith a log"}
    publish("nfs", ROWS, ["runfs"], tmp_path / "nfs.json", notes)
    capsys.readouterr()
    return tmp_path


def test_each_judged_row_is_a_line(figures: Path) -> None:
    lines = readme.render(figures, ["nfs", "http"]).splitlines()
    assert lines[0].startswith("`scripts/bench nfs` on ")
    assert lines[1].startswith("medians of 3 rounds with all data.")
    assert lines[4:9] == [
        "|  | runfs | to nfs-ganesha | to boto3 |",
        "|---|---|---|---|",
        "| GETATTR | 2,000/s | 2 x (>= 1 / 1.5) |  |",
        "| start | **555 ms** (<= 400 / 150) |  |  |",
        "| save (runfs on S3) | 45 MiB/s |  | **0.5 x** (>= 0.9) |",
    ]
    assert "not judged" not in "\n".join(lines)


def test_who_was_missing_is_said_in_one_line(figures: Path) -> None:
    assert readme.render(figures, ["nfs"]).splitlines()[-2:] == ["", "Measured without rclone: it ended"]


def test_without_figures_there_is_no_table(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="run scripts/bench all"):
        readme.render(tmp_path, ["nfs"])
