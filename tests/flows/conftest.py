"""The whole daemon, over a bucket that is reached through a proxy."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from over_s3 import OverS3
from s3_fixtures import BUCKET
from s3_proxy import S3Proxy
from seaweed import KEY, SECRET

from store.blobs import new_key


@pytest.fixture
async def over_s3(tmp_path: Path, proxy: S3Proxy, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[OverS3]:
    """The daemon over an empty prefix, with a run; patience is a tenth of what it is in life."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setattr("store.blobs.s3_connect.READ_TIMEOUT_S", 1)
    monkeypatch.setattr("store.blobs.s3_calls.READ_S", 3.0)
    monkeypatch.setattr("store.blobs.cached.PATIENCE_S", 0.8)
    monkeypatch.setattr("store.blobs.lane.PATIENCE_S", 0.5)
    monkeypatch.setattr("store.blobs.s3.CHECK_PATIENCE_S", 0.3)
    monkeypatch.setattr("store.blobs.s3.WRITER_PATIENCE_S", 1.0)
    daemon = OverS3(tmp_path / "data", f"s3://{BUCKET}/{new_key()}?endpoint={proxy.endpoint}")
    await daemon.start()
    answer = await daemon.ask("POST", "/runs", {"project": "team/vision", "id": "r1"})
    assert answer.status == 201, answer.data
    yield daemon
    proxy.heal()
    await daemon.stop()
