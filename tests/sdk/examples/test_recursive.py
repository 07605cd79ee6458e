"""Two stars go through all folders."""

from __future__ import annotations

from typing import Any


def test_the_example(example: Any) -> None:
    run = example("recursive")
    assert [file.name for file in run.files()] == [f"logs/fold{fold}/metrics/scores.csv" for fold in range(3)]
