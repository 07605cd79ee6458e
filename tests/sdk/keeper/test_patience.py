"""Patience is endless while the run goes on, and for each thing its own once it has ended."""

from __future__ import annotations

import pytest

from sdk.keeper import patience as module
from sdk.keeper.patience import Patience


def test_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    limit = 20.0
    monkeypatch.setattr(module.time, "monotonic", lambda: now)
    patience = Patience(lambda: limit)
    assert not patience.failed("a")
    now = 1000.0
    assert not patience.failed("a")
    patience.limit()
    assert not patience.failed("a")
    now = 1019.0
    assert not patience.failed("a")
    assert not patience.failed("b")
    now = 1020.0
    assert patience.failed("a")
    assert not patience.failed("b")
    patience.worked("a")
    patience.worked("c")
    assert not patience.failed("a")
    now = 1039.0
    assert patience.failed("b")
    limit = 600.0
    assert not patience.failed("b")
