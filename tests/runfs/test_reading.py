from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from runfs.reading import daemon_address
from runfs.settings import Address


def test_the_daemon_of_this_account_is_found(here: Any) -> None:
    assert str(daemon_address()) == here.nfs


def test_else_the_default_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNFS_DATA", str(tmp_path / "none"))
    assert daemon_address() == Address("127.0.0.1", 2049)
