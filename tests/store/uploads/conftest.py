"""A run whose files are tried, over each kind of blob store (tests/store/conftest.py)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from store.blobs import Blobs
from store.catalog import Catalog, Transaction, projects, runs
from store.catalog.rows import Run
from store.uploads import Uploads


@pytest.fixture
async def catalog(tmp_path: Path) -> AsyncIterator[Catalog]:
    """An empty catalog."""
    opened = await Catalog.open(tmp_path / "catalog.sqlite", poll_s=None)
    yield opened
    await opened.close()


@pytest.fixture
async def uploads(catalog: Catalog, blobs: Blobs) -> Uploads:
    """Uploads that keep three versions."""
    return Uploads(catalog, blobs, versions_kept=3)


@pytest.fixture
async def run(catalog: Catalog) -> Run:
    """The run team/vision/r."""

    async def work(tx: Transaction) -> Run:
        return await runs.create(tx, (await projects.ensure(tx, "team", "vision")).id, "r")

    return await catalog.write(work)


@pytest.fixture
def told(catalog: Catalog) -> list[tuple[int, int, int]]:
    """What followers heard: (topic, object, parent), in order."""
    heard: list[tuple[int, int, int]] = []
    catalog.follow(lambda changes: heard.extend((c.topic, c.object_id, c.parent_id) for c in changes))
    return heard
