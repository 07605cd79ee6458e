"""Single calls to a real S3, and what they make of its failures."""

from __future__ import annotations

import base64
import hashlib
from io import BytesIO
from typing import Any

import pytest
from s3_proxy import Fault, S3Proxy, Seen

from store.blobs import new_key, s3_calls
from store.blobs.s3 import S3Blobs
from store.errors import Absent, Conflict, Unavailable


def test_put_is_verified_and_may_be_tried_twice(s3: S3Blobs) -> None:
    where = s3._object("0" * 32)
    sha256 = hashlib.sha256(b"body").digest()
    with pytest.raises(Unavailable, match="BadDigest"):
        s3_calls.put(s3._client, where, BytesIO(b"other"), sha256)
    s3_calls.put(s3._client, where, BytesIO(b"body"), sha256)
    s3_calls.put(s3._client, where, BytesIO(b"body"), sha256)  # an answer that was lost
    with pytest.raises(Conflict):
        s3_calls.put(s3._client, where, BytesIO(b"longer"), hashlib.sha256(b"longer").digest())
    about = s3_calls.call(s3._client, "head_object", where | {"ChecksumMode": "ENABLED"})
    assert base64.b64decode(about["ChecksumSHA256"]) == sha256


def test_read_and_measure(s3: S3Blobs) -> None:
    where: dict[str, Any] = s3._object("1" * 32)
    s3_calls.put(s3._client, where, BytesIO(b"0123"), hashlib.sha256(b"0123").digest())
    assert s3_calls.read(s3._client, where, 1, 2) == b"12"
    assert s3_calls.read(s3._client, where, 4, 2) == b""
    measured = s3_calls.measure(s3._client, where, "k", md5=True)
    assert measured == ("k", 4, hashlib.sha256(b"0123").digest(), hashlib.md5(b"0123").digest())
    assert s3_calls.call(s3._client, "head_object", s3._object("2" * 32), absent_ok=True) is None
    with pytest.raises(Absent):
        s3_calls.call(s3._client, "head_object", s3._object("2" * 32))


@pytest.fixture
def there(far: S3Blobs, proxy: S3Proxy) -> dict[str, Any]:
    """Where ten bytes are, through the proxy, which has seen nothing yet."""
    where: dict[str, Any] = far._object("3" * 32)
    s3_calls.put(far._client, where, BytesIO(b"0123456789"), hashlib.sha256(b"0123456789").digest())
    proxy.passed()
    return where


@pytest.mark.parametrize("fault", [Fault.HALF, Fault.RESET, Fault.LOST, Fault.E500, Fault.E503])
def test_a_failure_that_passes_is_not_noticed(
    far: S3Blobs, proxy: S3Proxy, there: dict[str, Any], fault: Fault
) -> None:
    proxy.first(fault)
    assert s3_calls.read(far._client, there, 2, 6) == b"234567"
    assert [seen.fault for seen in proxy.passed()] == [fault, None]


@pytest.mark.parametrize("fault", [Fault.HALF, Fault.RESET, Fault.LOST, Fault.E500, Fault.E503])
def test_a_failure_that_stays_is_told_after_two_attempts(
    far: S3Blobs, proxy: S3Proxy, there: dict[str, Any], fault: Fault
) -> None:
    proxy.all(fault)
    with pytest.raises(Unavailable, match="slow or failing"):
        s3_calls.read(far._client, there, 2, 6)
    assert len(proxy.passed()) == 2


def test_s3_says_when_to_come_again(far: S3Blobs, proxy: S3Proxy, there: dict[str, Any]) -> None:
    proxy.all(Fault.E503_LATER)
    with pytest.raises(Unavailable) as caught:
        s3_calls.read(far._client, there, 2, 6)
    assert caught.value.retry_after_s == 7
    proxy.all(Fault.E503)
    with pytest.raises(Unavailable) as caught:
        s3_calls.read(far._client, there, 2, 6)
    assert caught.value.retry_after_s == 2


def test_an_object_that_is_read_whole_is_verified(
    far: S3Blobs, proxy: S3Proxy, there: dict[str, Any]
) -> None:
    proxy.first(Fault.FLIP)
    assert s3_calls.read(far._client, there, 0, 99, size=10) == b"0123456789"
    assert len(proxy.passed()) == 2
    proxy.all(Fault.FLIP)
    with pytest.raises(Unavailable):
        s3_calls.read(far._client, there, 0, 99, size=10)


def test_nothing_is_asked_for_beyond_the_end(far: S3Blobs, proxy: S3Proxy, there: dict[str, Any]) -> None:
    assert s3_calls.read(far._client, there, 10, 5, size=10) == b""
    assert proxy.passed() == []
    assert s3_calls.read(far._client, there, 8, 5, size=10) == b"89"
    assert [seen.headers["range"] for seen in proxy.passed()] == ["bytes=8-9"]


def test_a_trickle_has_an_end(
    far: S3Blobs, proxy: S3Proxy, there: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each byte comes in time, all of them do not."""
    monkeypatch.setattr(s3_calls, "READ_S", 0.25)
    proxy.all(Fault.TRICKLE)
    with pytest.raises(Unavailable):
        s3_calls.read(far._client, there, 0, 10)
    monkeypatch.setattr(s3_calls, "MEASURE_GRACE_S", 0.25)
    with pytest.raises(Unavailable):
        s3_calls.measure(far._client, there, "k", md5=False)
    assert sum(seen.got for seen in proxy.passed()) < 30


def test_what_s3_is_sent_is_verified_by_it(far: S3Blobs, proxy: S3Proxy) -> None:
    where, body = far._object("4" * 32), b"x" * 1000
    proxy.all(Fault.FLIP_IN)
    with pytest.raises(Unavailable):
        s3_calls.put(far._client, where, BytesIO(body), hashlib.sha256(body).digest())
    proxy.heal()
    assert s3_calls.call(far._client, "head_object", where, absent_ok=True) is None


async def test_the_answer_to_a_join_that_was_lost(far: S3Blobs, proxy: S3Proxy) -> None:
    """S3 knows no such upload at the second attempt: it has become the object."""

    def lose_one(seen: Seen) -> Fault | None:
        return Fault.LOST if seen.method == "POST" and "uploadId" in seen.query and lost.pop() else None

    lost = [False, True]
    proxy.rule = lose_one
    multipart_id = await far.begin_pieces(key := new_key())
    writer = await far.piece_writer(key, multipart_id, 1, 0)
    await writer.write(b"part")
    piece = await writer.commit()
    assert (await far.join(key, multipart_id, [piece])).size == 4
    lost[:] = [False, True]
    large = await far.writer(key := new_key())
    await large.write(b"x" * (9 << 20))
    assert (await large.commit()).size == 9 << 20
    assert lost == []
    proxy.heal()
    with pytest.raises(Absent):
        s3_calls.complete(far._client, far._object(key), multipart_id, [], 4)


def test_an_answer_that_was_lost(far: S3Blobs, proxy: S3Proxy) -> None:
    """The object is there, so the second attempt finds a conflict: it was ours."""
    where, body = far._object("5" * 32), b"x" * 1000
    proxy.first(Fault.LOST)
    s3_calls.put(far._client, where, BytesIO(body), hashlib.sha256(body).digest())
    assert [seen.fault for seen in proxy.passed() if seen.method == "PUT"] == [Fault.LOST, None]
