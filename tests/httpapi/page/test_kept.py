"""What is kept of histories: read on, not read anew; bounded; safe when two ask at once."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from httpapi.page import kept
from httpapi.page.kept import Kept
from store.catalog import series
from store.catalog.thinning import Points, Thinning


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """Which lines were read, of a history whose lines all say the same."""
    found: list[tuple[int, int]] = []

    async def stretch(db: object, run_id: int, start: int, end: int) -> list[bytes]:
        found.append((start, end))
        await asyncio.sleep(0)
        return [b'{"a":1}\n'] * (end - start)

    monkeypatch.setattr(series, "_stretch", stretch)
    return found


async def ask(holder: Kept, asked: object, until: int, most: int = 100) -> Points:
    db: Any = None
    return await holder.points(db, 1, asked, Thinning(["a"], 0, most), until)


async def test_only_new_lines_are_read(reads: list[tuple[int, int]]) -> None:
    holder = Kept()
    assert "x" not in holder
    assert len((await ask(holder, "x", 10)).line) == 10
    assert "x" in holder
    assert len((await ask(holder, "x", 15)).line) == 15
    assert reads == [(0, 10), (10, 15)]


async def test_two_at_once_read_each_line_once(reads: list[tuple[int, int]]) -> None:
    holder = Kept()
    first, second = await asyncio.gather(ask(holder, "x", 10), ask(holder, "x", 12))
    assert reads == [(0, 10), (10, 12)]
    assert (len(first.line), len(second.line)) == (10, 12)


async def test_what_was_not_asked_for_longest_goes(
    reads: list[tuple[int, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept, "NUMBERS_MAX", 2 * 4 * 3 * 10)
    holder = Kept()
    for name in ("x", "y", "x", "z"):
        await ask(holder, name, 10)
    assert [name for name in "xyz" if name in holder] == ["x", "z"]
    await ask(holder, "huge", 100)
    assert [name for name in ("x", "z", "huge") if name in holder] == ["huge"]
