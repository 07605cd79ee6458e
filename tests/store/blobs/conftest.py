"""For the interface's suite a cache is one more kind of blob store."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from store.blobs import Blobs, LocalBlobs
from store.blobs.cached import CachedBlobs


@pytest.fixture(params=["local", "s3", "cached"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Blobs]:
    """An empty blob store of each kind in turn; the cached one is a folder behind a cache."""
    if request.param == "s3":
        yield request.getfixturevalue("s3")
        return
    opened: Blobs = LocalBlobs(tmp_path / "blobs")
    if request.param == "cached":
        opened = CachedBlobs(opened, tmp_path / "cache")
    yield opened
    asyncio.run(opened.close())
