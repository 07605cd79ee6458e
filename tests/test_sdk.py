"""The package itself: what it offers, and how little it costs to import."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import sdk

ROOT = Path(__file__).absolute().parents[1]
HEAVY = ("asyncio", "urllib3", "subprocess", "http", "ssl", "logging", "email", "pathlib", "hashlib")


def test_importing_it_imports_nothing_heavy() -> None:
    program = f"import sys, sdk; print([name for name in {HEAVY} if name in sys.modules])"
    found = subprocess.run(
        [sys.executable, "-I", "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r}); {program}"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout.strip() == "[]"


def test_every_name_that_it_offers_is_there() -> None:
    for name in sdk.__all__:
        assert hasattr(sdk, name), name
    assert sdk.run is None
    assert repr(sdk.config) == "<sdk.config: no run yet>"
    assert repr(sdk.summary) == "<sdk.summary: no run yet>"


def test_errors_are_of_one_family() -> None:
    for name in (
        "SettingsError",
        "UsageError",
        "ServerError",
        "Unreachable",
        "Denied",
        "Conflict",
        "FileExists",
    ):
        assert issubclass(getattr(sdk, name), sdk.Error)
