"""A base path says what a path in the run begins with."""

from __future__ import annotations

from typing import Any


def test_the_example(example: Any) -> None:
    run = example("base_path")
    assert [file.name for file in run.files()] == ["experiments/today/figures/loss.svg", "figures/loss.svg"]
    assert {file.content_type for file in run.files()} == {"image/svg+xml"}
