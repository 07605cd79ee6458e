"""What S3's, boto3's and the network's failures are to the store."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from store.errors import Absent, Conflict, NoSpace, Refused, StoreError, Unavailable

RETRY_AFTER_S = 2.0
RETRY_AFTER_MAX_S = 60.0
CREDENTIALS_RETRY_AFTER_S = 30.0
SKEW_S = 300.0  # S3 refuses requests that are 15 minutes off; less than this is nobody's fault

_ABSENT = {"404", "NoSuchKey", "NoSuchBucket", "NoSuchUpload", "NotFound"}
_CREDENTIALS = {
    "403",
    "AccessDenied",
    "InvalidAccessKeyId",
    "SignatureDoesNotMatch",
    "ExpiredToken",
    "RequestTimeTooSkewed",
}
_FULL = {"507", "InsufficientStorage", "QuotaExceeded", "EntityTooLarge"}
_NO_CREDENTIALS = {"NoCredentialsError", "PartialCredentialsError"}
_OF_OTHERS = {"botocore", "urllib3"}


@contextmanager
def translated(what: object) -> Iterator[None]:
    """Let boto3's and the network's errors leave as the store's; faults of ours stay what they are."""
    try:
        yield
    except StoreError:
        raise
    except Exception as error:
        if isinstance(error, OSError) or type(error).__module__.split(".")[0] in _OF_OTHERS:
            raise refusal(error, what) from error
        raise


def refusal(error: Exception, what: object) -> StoreError:
    """What the store says for an error of boto3's."""
    answer: Any = getattr(error, "response", None)
    answer = answer if isinstance(answer, dict) else {}
    code = str(answer.get("Error", {}).get("Code", ""))
    headers = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    if code in _ABSENT:
        return Absent(f"S3 has no {what}, or not any more")
    if code in _FULL:
        return NoSpace("S3 has no more room; nothing was stored")
    if code in _CREDENTIALS:
        return Unavailable(_why_refused(code, headers), CREDENTIALS_RETRY_AFTER_S)
    if code in ("412", "PreconditionFailed"):
        return Conflict(f"S3 has {what} already")
    if type(error).__name__ in _NO_CREDENTIALS:
        return Refused("there are no credentials for S3: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
    return Unavailable(
        f"S3 is slow or failing ({code or type(error).__name__}); try again", _retry_after_s(headers)
    )


def _why_refused(code: str, headers: dict[str, str]) -> str:
    off_s = _skew_s(headers)
    if code == "RequestTimeTooSkewed" or abs(off_s) > SKEW_S:
        side = "ahead of" if off_s > 0 else "behind"
        return f"this machine's clock is {abs(off_s):.0f} s {side} that of S3, which refuses us: set it"
    return f"S3 refuses our credentials ({code}); see to them, then try again"


def _skew_s(headers: dict[str, str]) -> float:
    """How far our clock is ahead of S3's."""
    try:
        return (datetime.now(UTC) - parsedate_to_datetime(headers["date"])).total_seconds()
    except (KeyError, ValueError):
        return 0.0


def _retry_after_s(headers: dict[str, str]) -> float:
    given = headers.get("retry-after", "")
    return min(float(given), RETRY_AFTER_MAX_S) if given.isdecimal() else RETRY_AFTER_S
