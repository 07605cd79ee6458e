"""Checkpoints and a growing log."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def test_the_example(example: Any) -> None:
    run = example("checkpoint_loop")
    names = [f"checkpoint-{step:03d}.pkl" for step in (4, 9, 14, 19)]
    assert [file.name for file in run.files()] == [*names, "train.log"]
    log = Path(run.file("train.log").download("copy")).read_text()
    assert log.splitlines() == ["begin", *(f"step {step}" for step in range(20))]
    assert len(list(run.history())) == 20
    for name in names:
        assert Path(run.file(name).download("copy")).read_bytes() == Path(name).read_bytes()
