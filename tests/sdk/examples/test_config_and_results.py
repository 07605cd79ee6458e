"""Configuration and results, as values and as files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def test_the_example(example: Any) -> None:
    run = example("config_and_results")
    assert run.config == {"learning_rate": 0.1, "epochs": 3, "model": {"layers": 2}}
    assert [round(row["loss"], 3) for row in run.history()] == [0.9, 0.81, 0.729]
    assert round(run.summary["final_loss"], 3) == 0.729
    assert run.tags == ["example"]
    assert [file.name for file in run.files()] == ["config.json", "results.json"]
    results = json.loads(Path(run.file("results.json").download("copy")).read_text())
    assert results["loss"] == run.summary["final_loss"]
