"""The table and the JSON file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from benches.report import Row, publish, quantity, table
from benches.stats import Aim

ROW = Row(
    "GETATTR",
    "calls/s",
    {"runfs": [3000, 1000, 2000], "peer": [1000, 1000, 1000]},
    (Aim("peer", 1.0, 1.5), Aim(None, 5000, None)),
    {"runfs": {"p50_us": 6.5, "p99_us": 20, "cpu_us": 4.25}},
)


@pytest.mark.parametrize(
    ("value", "text"), [(1234567.8, "1,234,568"), (99.94, "99.9"), (0.1234, "0.123"), (0, "0")]
)
def test_numbers_have_three_digits_that_matter(value: float, text: str) -> None:
    assert quantity(value) == text


def test_the_table_has_a_line_for_each_row() -> None:
    head, rule, line = table([ROW], ["runfs", "peer", "absent"]).splitlines()
    assert len({len(head), len(rule), len(line)}) == 1
    cells = [cell.strip() for cell in line.strip("|").split("|")]
    assert cells[:7] == ["GETATTR", "calls/s", "2,000", "1,000", "-", "6.5 / 20", "4.25"]
    assert cells[7] == "2 x peer (>= 1 / 1.5) **; 2,000 (>= 5000) SHORT"


def test_everything_is_in_the_json_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    to = tmp_path / "figures.json"
    publish("nfs", [ROW], ["runfs", "peer"], to, {"objects": 3})
    document = json.loads(to.read_text())
    assert document["bench"] == "nfs"
    assert document["machine"]["processors"] >= 1
    assert document["notes"] == {"objects": 3}
    (row,) = document["rows"]
    assert row["rounds"]["runfs"] == [3000, 1000, 2000]
    assert row["medians"] == {"runfs": 2000, "peer": 1000}
    assert [aim["verdict"] for aim in row["aims"]] == ["want", "short"]
    assert row["details"]["runfs"]["cpu_us"] == 4.25
    printed = capsys.readouterr().out
    assert "GETATTR" in printed
    assert "objects: 3" in printed
