"""A client of S3, and what keeps one from being had: said in one line that names what to mend."""

import importlib
from typing import Any
from urllib.parse import urlsplit

from store.blobs.s3_errors import refusal
from store.errors import Absent, Refused, StoreError, Unavailable

CONNECT_TIMEOUT_S = 3
READ_TIMEOUT_S = 10
ATTEMPTS = 2


def connect(endpoint: str | None, region: str | None, connections: int) -> Any:
    """A client with credentials from the usual AWS places. Refused where that cannot be.

    boto3 is imported here: it takes a quarter of a second.
    """
    boto3 = importlib.import_module("boto3")
    errors = importlib.import_module("botocore.exceptions")
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
    try:
        session = boto3.session.Session()
        return session.client(
            "s3",
            endpoint_url=endpoint,
            region_name=region or session.region_name or "us-east-1",
            config=config,
        )
    except ValueError:
        raise Refused("s3: the endpoint must be an address like https://host:port") from None
    except errors.BotoCoreError as error:
        raise Refused(f"s3: {error}") from None


def check(client: Any, bucket: str, prefix: str) -> None:
    """Look whether the bucket can be used. Errors: Refused, Absent, Unavailable, each with what to mend."""
    try:
        # A HEAD would be enough, but S3 tells nobody why it refuses one.
        client.list_objects_v2(Bucket=bucket, Prefix=prefix, MaxKeys=1)
    except Exception as error:
        raise _why(error, client, bucket) from error


def _why(error: Exception, client: Any, bucket: str) -> StoreError:
    kind = type(error).__name__
    host = urlsplit(client.meta.endpoint_url).netloc.rpartition("@")[2]
    if kind == "ParamValidationError":
        return Refused(f"{bucket!r} cannot be the name of a bucket")
    if kind == "EndpointConnectionError" or isinstance(error, OSError) or kind.endswith("Timeout"):
        return Unavailable(f"no S3 answers at {host}: see to the endpoint and the network")
    found = refusal(error, bucket)
    if isinstance(found, Absent):
        return Absent(f"S3 at {host} has no bucket {bucket!r}: create it, or name another one")
    return found
