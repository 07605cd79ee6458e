from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from runfs import folder, serving
from runfs.serving import Serving

HERE = Serving("http://127.0.0.1:8080", "127.0.0.1:2049", None, os.getpid())


def test_found_while_the_daemon_runs(tmp_path: Path) -> None:
    held = folder.lock(tmp_path)
    with serving.announced(tmp_path, HERE):
        assert serving.read(tmp_path) == HERE
    assert serving.read(tmp_path) is None
    os.close(held)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has /dev/full")
async def test_found_once_the_disk_takes_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "RETRY_S", 0.01)
    held = folder.lock(tmp_path)
    full = tmp_path / (serving.FILE + ".new")
    full.symlink_to("/dev/full")
    with serving.announced(tmp_path, HERE):
        assert serving.read(tmp_path) is None
        full.unlink()
        while serving.read(tmp_path) is None:  # noqa: ASYNC110 - a file has no event
            await asyncio.sleep(0)
        assert serving.read(tmp_path) == HERE
    assert serving.read(tmp_path) is None
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
