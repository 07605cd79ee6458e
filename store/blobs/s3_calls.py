"""Blocking calls to S3, for threads: every failure gets one of our errors."""

import base64
import hashlib
import importlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

from store.blobs.blobs import Stored
from store.errors import Absent, Conflict, NoSpace, Refused, StoreError, Unavailable

CONNECT_TIMEOUT_S = 3
READ_TIMEOUT_S = 15
ATTEMPTS = 2
CHUNK_BYTES = 1024 * 1024

_ABSENT = {"404", "NoSuchKey", "NoSuchUpload", "NotFound"}
_CREDENTIALS = {"403", "AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken"}
_FULL = {"507", "InsufficientStorage", "QuotaExceeded", "EntityTooLarge"}


def connect(endpoint: str | None, region: str | None, connections: int) -> Any:
    """A client with credentials from the usual AWS places.

    boto3 is imported here: it takes a quarter of a second.
    """
    boto3 = importlib.import_module("boto3")
    config = importlib.import_module("botocore.config").Config(
        signature_version="s3v4",
        s3={"addressing_style": "path"},
        connect_timeout=CONNECT_TIMEOUT_S,
        read_timeout=READ_TIMEOUT_S,
        retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
        max_pool_connections=connections,
        # Checksums are given where they are known; no other S3 than Amazon's wants them everywhere.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    session = boto3.session.Session()
    return session.client(
        "s3", endpoint_url=endpoint, region_name=region or session.region_name or "us-east-1", config=config
    )


@contextmanager
def translated(what: object) -> Iterator[None]:
    """Let boto3's and the network's errors leave as the store's; faults of ours stay what they are."""
    try:
        yield
    except Exception as error:
        if isinstance(error, OSError) or type(error).__module__.split(".")[0] in ("botocore", "urllib3"):
            raise refusal(error, what) from error
        raise


def refusal(error: Exception, what: object) -> StoreError:
    """What the store says for an error of boto3's."""
    answer = getattr(error, "response", None)
    code = str(answer.get("Error", {}).get("Code", "")) if isinstance(answer, dict) else ""
    if code in _ABSENT:
        return Absent(f"S3 has no {what}, or not any more")
    if code in _FULL:
        return NoSpace("S3 has no more room; nothing was stored")
    if code in _CREDENTIALS:
        return Unavailable("S3 refuses our credentials; see to them, then try again", 30.0)
    if code in ("412", "PreconditionFailed"):
        return Conflict(f"S3 has {what} already")
    if type(error).__name__ in ("NoCredentialsError", "PartialCredentialsError"):
        return Refused("there are no credentials for S3: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
    return Unavailable(f"S3 is slow or failing ({code or type(error).__name__}); try again", 2.0)


def call(client: Any, operation: str, arguments: dict[str, Any], absent_ok: bool = False) -> Any:
    """One operation's answer; None instead of Absent where that is fine."""
    try:
        with translated(arguments.get("Key", arguments.get("Bucket"))):
            return getattr(client, operation)(**arguments)
    except Absent:
        if absent_ok:
            return None
        raise


def read(client: Any, where: dict[str, Any], offset: int, count: int) -> bytes:
    """At most `count` (at least 1) bytes of an object."""
    asked = where | {"Range": f"bytes={offset}-{offset + count - 1}"}
    with translated(where["Key"]):
        try:
            answer = client.get_object(**asked)
        except client.exceptions.ClientError as error:
            if error.response["Error"]["Code"] in ("InvalidRange", "416"):  # it ends before
                return b""
            raise
        with closing(answer["Body"]) as body:
            data: bytes = body.read()  # raises when fewer bytes come than were promised
    return data[:count]


def measure(client: Any, where: dict[str, Any], key: str, md5: bool) -> Stored:
    """Size and hashes of an object, all of which is read."""
    sha256 = hashlib.sha256()
    other = hashlib.md5(usedforsecurity=False) if md5 else None
    size = 0
    with translated(where["Key"]), closing(client.get_object(**where)["Body"]) as body:
        for chunk in body.iter_chunks(CHUNK_BYTES):
            sha256.update(chunk)
            if other is not None:
                other.update(chunk)
            size += len(chunk)
    return Stored(key, size, sha256.digest(), None if other is None else other.digest())


def put(client: Any, where: dict[str, Any], body: bytes, sha256: bytes) -> None:
    """Put a small object that is not there yet, verified by S3."""
    checksum = base64.b64encode(sha256).decode()
    try:
        call(client, "put_object", where | {"Body": body, "ChecksumSHA256": checksum, "IfNoneMatch": "*"})
    except Conflict:
        # boto3 tried twice and the first attempt came through: the key is fresh, nobody else has written it.
        about = call(client, "head_object", where)
        if about["ContentLength"] != len(body):
            raise
