"""Every kind of blob store, empty. S3 is a real one: SeaweedFS, one server for the whole run."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from store.blobs import Blobs, LocalBlobs


@pytest.fixture(params=["local", "s3"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Blobs]:
    """An empty blob store of each kind in turn."""
    if request.param == "s3":
        yield request.getfixturevalue("s3")
        return
    opened = LocalBlobs(tmp_path / "blobs")
    yield opened
    asyncio.run(opened.close())
