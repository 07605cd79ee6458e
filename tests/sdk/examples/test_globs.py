"""A glob names files of one folder."""

from __future__ import annotations

from typing import Any


def test_the_example(example: Any) -> None:
    run = example("globs")
    assert [file.name for file in run.files()] == ["plots/accuracy.csv", "plots/loss.csv"]
    assert "2 files are saved" in list(run.console())
