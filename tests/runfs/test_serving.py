from __future__ import annotations

import os
from pathlib import Path

import pytest

from runfs import folder, serving
from runfs.serving import Serving

HERE = Serving("http://127.0.0.1:8080", "127.0.0.1:2049", None, os.getpid())


def test_found_while_the_daemon_runs(tmp_path: Path) -> None:
    held = folder.lock(tmp_path)
    HERE.write(tmp_path)
    assert serving.read(tmp_path) == HERE
    serving.remove(tmp_path)
    assert serving.read(tmp_path) is None
    serving.remove(tmp_path)
    os.close(held)


def test_what_a_dead_daemon_left_is_not_believed(tmp_path: Path) -> None:
    HERE.write(tmp_path)
    assert serving.read(tmp_path) is None


@pytest.mark.parametrize("text", ["", "[]", '{"http": 1}', '{"http": '])
def test_nonsense_is_no_daemon(text: str, tmp_path: Path) -> None:
    held = folder.lock(tmp_path)
    (tmp_path / serving.FILE).write_text(text)
    assert serving.read(tmp_path) is None
    os.close(held)
