"""One file, saved."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def test_the_example(example: Any) -> None:
    run = example("one_file")
    assert [file.name for file in run.files()] == ["notes.txt"]
    assert Path(run.file("notes.txt").download("copy")).read_text() == "what I tried today\n"
