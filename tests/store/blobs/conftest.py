"""Every kind of blob store, empty."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from store.blobs import Blobs, LocalBlobs


@pytest.fixture(params=["local"])
async def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Blobs]:
    """An empty blob store of each kind in turn."""
    opened = LocalBlobs(tmp_path / "blobs")
    yield opened
    await opened.close()
