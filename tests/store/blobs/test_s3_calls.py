import base64
import hashlib
from typing import Any

import pytest

from store.blobs import s3_calls
from store.blobs.s3 import S3Blobs
from store.errors import Absent, Conflict, NoSpace, Refused, Unavailable


class ClientError(Exception):
    """Looks like botocore's."""

    __module__ = "botocore.exceptions"

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.response = {"Error": {"Code": code}}


class NoCredentialsError(Exception):
    """Looks like botocore's."""

    __module__ = "botocore.exceptions"


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (ClientError("NoSuchKey"), Absent),
        (ClientError("404"), Absent),
        (ClientError("NoSuchUpload"), Absent),
        (ClientError("PreconditionFailed"), Conflict),
        (ClientError("507"), NoSpace),
        (ClientError("AccessDenied"), Unavailable),
        (ClientError("InternalError"), Unavailable),
        (ClientError("SlowDown"), Unavailable),
        (ConnectionResetError(), Unavailable),
        (TimeoutError(), Unavailable),
        (NoCredentialsError(), Refused),
    ],
)
def test_errors_leave_as_ours(error: Exception, expected: type[Exception]) -> None:
    with pytest.raises(expected), s3_calls.translated("x"):
        raise error


def test_faults_of_ours_stay_what_they_are() -> None:
    with pytest.raises(AttributeError), s3_calls.translated("x"):
        raise AttributeError("a fault of ours")


def test_put_is_verified_and_may_be_tried_twice(s3: S3Blobs) -> None:
    where = s3._object("0" * 32)
    sha256 = hashlib.sha256(b"body").digest()
    with pytest.raises(Unavailable, match="BadDigest"):
        s3_calls.put(s3._client, where, b"other", sha256)
    s3_calls.put(s3._client, where, b"body", sha256)
    s3_calls.put(s3._client, where, b"body", sha256)  # an answer that was lost
    with pytest.raises(Conflict):
        s3_calls.put(s3._client, where, b"longer", hashlib.sha256(b"longer").digest())
    about = s3_calls.call(s3._client, "head_object", where | {"ChecksumMode": "ENABLED"})
    assert base64.b64decode(about["ChecksumSHA256"]) == sha256


def test_read_and_measure(s3: S3Blobs) -> None:
    where: dict[str, Any] = s3._object("1" * 32)
    s3_calls.put(s3._client, where, b"0123", hashlib.sha256(b"0123").digest())
    assert s3_calls.read(s3._client, where, 1, 2) == b"12"
    assert s3_calls.read(s3._client, where, 4, 2) == b""
    measured = s3_calls.measure(s3._client, where, "k", md5=True)
    assert measured == ("k", 4, hashlib.sha256(b"0123").digest(), hashlib.md5(b"0123").digest())
    assert s3_calls.call(s3._client, "head_object", s3._object("2" * 32), absent_ok=True) is None
    with pytest.raises(Absent):
        s3_calls.call(s3._client, "head_object", s3._object("2" * 32))


def test_a_body_that_ends_early(s3: S3Blobs, monkeypatch: pytest.MonkeyPatch) -> None:
    where = s3._object("3" * 32)
    s3_calls.put(s3._client, where, b"0123", hashlib.sha256(b"0123").digest())
    real = s3._client.get_object

    def cut(**given: Any) -> Any:
        answer = real(**given)
        answer["Body"]._content_length = "9"
        return answer

    monkeypatch.setattr(s3._client, "get_object", cut)
    with pytest.raises(Unavailable):
        s3_calls.read(s3._client, where, 0, 4)
