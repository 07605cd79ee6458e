"""What keeps a bucket from being used is said in one line, with what to mend."""

from __future__ import annotations

import socket

import pytest
from s3_fixtures import BUCKET
from s3_proxy import Fault, S3Proxy
from seaweed import Seaweed

from store.blobs.s3 import S3Blobs
from store.errors import Absent, Refused, Unavailable

pytestmark = pytest.mark.usefixtures("credentials")


def test_a_bucket_that_is_not_there(seaweed: Seaweed) -> None:
    with pytest.raises(Absent, match=rf"S3 at {seaweed.endpoint[7:]} has no bucket 'no-such-bucket'"):
        S3Blobs.open("no-such-bucket", "", seaweed.endpoint)


def test_what_cannot_be_a_bucket(seaweed: Seaweed) -> None:
    with pytest.raises(Refused, match="'no bucket' cannot be the name"):
        S3Blobs.open("no bucket", "", seaweed.endpoint)


@pytest.mark.parametrize("name", ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"])
def test_wrong_credentials(seaweed: Seaweed, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "wrong")
    with pytest.raises(Unavailable, match="refuses our credentials"):
        S3Blobs.open(BUCKET, "", seaweed.endpoint)


def test_a_profile_that_is_not_there(seaweed: Seaweed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "none")
    with pytest.raises(Refused, match="profile"):
        S3Blobs.open(BUCKET, "", seaweed.endpoint)


@pytest.mark.parametrize("endpoint", ["127.0.0.1:9", "nonsense"])
def test_what_is_no_endpoint(endpoint: str) -> None:
    with pytest.raises(Refused, match="https://host:port"):
        S3Blobs.open(BUCKET, "", endpoint)


def test_nobody_there() -> None:
    with socket.socket() as silent:  # bound, and not listening
        silent.bind(("127.0.0.1", 0))
        where = f"127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(Unavailable, match=f"no S3 answers at {where}") as caught:
            S3Blobs.open(BUCKET, "", f"http://us:secret@{where}")
    assert "secret" not in str(caught.value)


def test_a_server_that_fails(proxy: S3Proxy) -> None:
    proxy.all(Fault.E503)
    with pytest.raises(Unavailable, match="SlowDown"):
        S3Blobs.open(BUCKET, "", proxy.endpoint)


def test_a_clock_that_is_wrong(seaweed: Seaweed, monkeypatch: pytest.MonkeyPatch) -> None:
    """S3 itself refuses what we sign then."""
    import datetime

    import botocore.auth

    real = botocore.auth.get_current_datetime
    monkeypatch.setattr(
        botocore.auth, "get_current_datetime", lambda *given: real(*given) - datetime.timedelta(hours=5)
    )
    with pytest.raises(Unavailable, match="clock"):
        S3Blobs.open(BUCKET, "", seaweed.endpoint)
