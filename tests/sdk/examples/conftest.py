"""Runs an example as a user would, and shows what the server then has."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from sdk.api import Api, StoredRun
from sdk.errors import Absent

Example = Callable[[str], StoredRun]


@pytest.fixture
def example(server: Any, monkeypatch: pytest.MonkeyPatch) -> Example:
    """Run sdk.examples.NAME in an empty folder; its run, which must be finished."""

    def run(name: str) -> StoredRun:
        before = _paths()
        done = subprocess.run(
            [sys.executable, "-m", f"sdk.examples.{name}"], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        (made,) = [each for each in Api().runs("tests/examples") if each.path not in before]
        assert made.state == "finished"
        return made

    monkeypatch.setenv("RUNFS_ENTITY", "tests")
    monkeypatch.delenv("RUNFS_PROJECT")
    return run


def _paths() -> set[str]:
    try:
        return {each.path for each in Api().runs("tests/examples")}
    except Absent:
        return set()  # the first example makes the project
