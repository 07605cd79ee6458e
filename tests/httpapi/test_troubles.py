"""What clients are told while a disk is full or the catalog is busy, and that it passes."""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from store.catalog import Catalog, sqlite


@pytest.fixture
async def catalog(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Catalog]:
    """An empty catalog that waits for other processes but shortly."""
    monkeypatch.setattr(sqlite, "BUSY_TIMEOUT_S", 0.05)
    opened = await Catalog.open(tmp_path / "catalog.sqlite3", poll_s=None)
    yield opened
    await opened.close()


async def test_a_catalog_that_another_process_holds(api: Any, tmp_path: Path) -> None:
    await api.good("POST", "/runs", {"project": "team/a", "id": "r"})
    other = sqlite3.connect(tmp_path / "catalog.sqlite3", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    answer = await api.raw("POST", "/runs", json={"id": "q"})
    assert (answer.status, answer.content_type) == (503, "application/problem+json")
    assert int(answer.headers["Retry-After"]) >= 1
    assert "busy in another process" in await answer.text()
    assert (await api.good("GET", "/runs/r"))["id"] == "r"  # readers wait for nobody
    other.execute("ROLLBACK")
    other.close()
    assert (await api.ask("POST", "/runs", {"id": "q"}))[0] == 201


@pytest.mark.parametrize("call", ["pwrite", "fsync"])
async def test_a_disk_that_fills_up_while_a_file_comes(
    api: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    await api.good("POST", "/runs", {"project": "team/a", "id": "r"})
    await api.save("r", "before", b"there")

    def full(*_: Any) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, call, full)
        answer = await api.raw("PUT", "/runs/r/files", params={"path": "new"}, data=bytes(3 << 20))
        assert (answer.status, answer.content_type) == (507, "application/problem+json")
        assert "nothing was stored" in await answer.text()
    listed = await api.good("GET", "/runs/r/files")
    assert [file["path"] for file in listed["items"]] == ["before"]
    assert list((tmp_path / "blobs" / "tmp").iterdir()) == []
    assert (await api.save("r", "new", b"fits now"))["size"] == 8
