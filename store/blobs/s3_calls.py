"""Blocking calls to S3, for threads: every failure gets one of our errors, and each call an end.

boto3 tries twice and gives up a server that is silent for READ_TIMEOUT_S; one that gives a byte now and then
would hold a thread for ever, so whoever reads looks at the clock too.
"""

import base64
import hashlib
import io
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import IO, Any

from store.blobs.blobs import Stored
from store.blobs.s3_errors import translated
from store.errors import Absent, Conflict, Unavailable

READ_S = 30.0  # for all of a read
READ_ATTEMPTS = 2  # of an answer that breaks off: boto3 tries again only what was not answered
MEASURE_BYTES_S = 64 * 1024  # slower than this for MEASURE_GRACE_S is given up
MEASURE_GRACE_S = 30.0
CHUNK_BYTES = 1024 * 1024
TEXT_MAX_BYTES = 1024


def call(client: Any, operation: str, arguments: dict[str, Any], absent_ok: bool = False) -> Any:
    """One operation's answer; None instead of Absent where that is fine."""
    try:
        with translated(arguments.get("Key", arguments.get("Bucket"))):
            return getattr(client, operation)(**arguments)
    except Absent:
        if absent_ok:
            return None
        raise


def read(client: Any, where: dict[str, Any], offset: int, count: int, size: int | None = None) -> bytes:
    """At most `count` (at least 1) bytes of an object, which has `size` bytes if that is known.

    An object that is read whole is verified, if S3 has its checksum. Errors: Absent, Unavailable.
    """
    if size is not None and offset >= size:
        return b""
    if offset == 0 and size is not None and count >= size:
        asked = where | {"ChecksumMode": "ENABLED"}
    else:
        last = offset + count if size is None else min(offset + count, size)
        asked = where | {"Range": f"bytes={offset}-{last - 1}"}
    end = time.monotonic() + READ_S
    attempt = 1
    while True:
        answer = _asked(client, asked)
        if answer is None:
            return b""
        try:
            with translated(where["Key"]):
                data = b"".join(_chunks(answer, lambda received: time.monotonic() < end))
                _verify(answer, data)
            return data[:count]
        except Unavailable:
            attempt += 1
            if attempt > READ_ATTEMPTS or time.monotonic() >= end:
                raise


def _asked(client: Any, asked: dict[str, Any]) -> Any:
    """The answer, its body still to be read; None where the object ends before what is asked for."""
    with translated(asked["Key"]):
        try:
            return client.get_object(**asked)
        except client.exceptions.ClientError as error:
            if error.response["Error"]["Code"] in ("InvalidRange", "416"):
                return None
            raise


def _verify(answer: Any, data: bytes) -> None:
    """OSError unless the body is what S3 has a SHA-256 of; what it has none of is taken as it is."""
    checksum = answer.get("ChecksumSHA256")
    if checksum is None or "-" in checksum:  # one of parts' checksums
        return
    if base64.b64decode(checksum) != hashlib.sha256(data).digest():
        raise OSError("what came is not what S3 has")


def measure(client: Any, where: dict[str, Any], key: str, md5: bool) -> Stored:
    """Size and hashes of an object, all of which is read."""
    sha256 = hashlib.sha256()
    other = hashlib.md5(usedforsecurity=False) if md5 else None
    size = 0
    begun = time.monotonic()

    def in_time(received: int) -> bool:
        return time.monotonic() - begun < MEASURE_GRACE_S + received / MEASURE_BYTES_S

    with translated(where["Key"]):
        for chunk in _chunks(client.get_object(**where), in_time):
            sha256.update(chunk)
            if other is not None:
                other.update(chunk)
            size += len(chunk)
    return Stored(key, size, sha256.digest(), None if other is None else other.digest())


def put(client: Any, where: dict[str, Any], body: IO[bytes], sha256: bytes) -> None:
    """Put an object that is not there yet, verified by S3."""
    size = body.seek(0, io.SEEK_END)
    body.seek(0)
    checksum = base64.b64encode(sha256).decode()
    try:
        call(client, "put_object", where | {"Body": body, "ChecksumSHA256": checksum, "IfNoneMatch": "*"})
    except Conflict:
        # boto3 tried twice and the first attempt came through: the key is fresh, nobody else has written it.
        about = call(client, "head_object", where)
        if about["ContentLength"] != size:
            raise


def written_once(client: Any, where: dict[str, Any], text: str) -> str:
    """What a small object says; where there is none it is made, and says `text`."""
    try:
        return read(client, where, 0, TEXT_MAX_BYTES).decode()
    except Absent:
        pass
    try:
        call(client, "put_object", where | {"Body": text.encode(), "IfNoneMatch": "*"})
    except Conflict:  # another was quicker, or boto3 tried twice
        return read(client, where, 0, TEXT_MAX_BYTES).decode()
    return text


def complete(
    client: Any, where: dict[str, Any], multipart_id: str, parts: list[dict[str, Any]], size: int
) -> None:
    """Make an object of `size` bytes of its parts."""
    arguments = where | {"UploadId": multipart_id, "MultipartUpload": {"Parts": parts}}
    try:
        call(client, "complete_multipart_upload", arguments)
    except Absent:
        # The answer to boto3's first attempt was lost: the upload is over because the object is there.
        about = call(client, "head_object", where, absent_ok=True)
        if about is None or about["ContentLength"] != size:
            raise


def _chunks(answer: Any, in_time: Callable[[int], bool]) -> Iterator[bytes]:
    """All of an answer's body, as it comes. OSError when less comes than was promised, or too slowly.

    `read(n)` of a body waits until all n bytes are there, however slowly they come; `read1` of what it wraps
    gives what has come.
    """
    received = 0
    with closing(answer["Body"]) as body:
        while chunk := body._raw_stream.read1(CHUNK_BYTES):
            received += len(chunk)
            yield chunk
            if not in_time(received):
                raise TimeoutError("S3 sends too slowly")
    if received != answer["ContentLength"]:
        raise ConnectionError(f"S3 sent {received} of {answer['ContentLength']} bytes")
