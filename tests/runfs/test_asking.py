from __future__ import annotations

import dataclasses
import socket
from pathlib import Path
from typing import Any

import pytest

from runfs import asking, serving
from runfs.errors import CommandError


def test_the_answer_or_the_reason(served: Any, tmp_path: Path) -> None:
    daemon = serving.read(served.data)
    assert daemon is not None
    assert asking.post(served.data, daemon, "/sign-in-links")["path"].startswith("/sign-in")
    with pytest.raises(CommandError, match=r"the daemon refused: body\.then: Extra inputs"):
        asking.post(served.data, daemon, "/collect", {"then": 1})
    (tmp_path / "key").write_text("runfs_other")
    with pytest.raises(CommandError, match="the daemon refused: This API key is unknown"):
        asking.post(tmp_path, daemon, "/collect")
    away = dataclasses.replace(daemon, http="http://127.0.0.1:1")
    with pytest.raises(CommandError, match="cannot be asked"):
        asking.post(served.data, away, "/collect")
    with pytest.raises(CommandError, match="cannot be asked"):
        asking.post(tmp_path / "none", daemon, "/collect")


def test_a_long_answer_is_waited_for(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("runfs_x")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        daemon = serving.Serving(f"http://127.0.0.1:{silent.getsockname()[1]}", "", None, 0)
        with pytest.raises(CommandError, match=r"timed out.*read timeout=0\.01"):
            asking.post(tmp_path, daemon, "/collect", None, 0.01)
    assert asking.PATIENCE_S > 3  # what urllib3 waits by itself, and a round of the collector takes longer
