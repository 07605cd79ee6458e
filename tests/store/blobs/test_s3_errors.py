"""What failures of boto3's are to the store."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from store.blobs import s3_errors
from store.errors import Absent, Conflict, NoSpace, Refused, Unavailable


class ClientError(Exception):
    """Looks like botocore's."""

    __module__ = "botocore.exceptions"

    def __init__(self, code: str, **headers: str) -> None:
        super().__init__(code)
        self.response = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPHeaders": headers}}


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
    with pytest.raises(expected), s3_errors.translated("x"):
        raise error


def test_faults_of_ours_stay_what_they_are() -> None:
    with pytest.raises(AttributeError), s3_errors.translated("x"):
        raise AttributeError("a fault of ours")


@pytest.mark.parametrize(("hours", "side"), [(-2, "ahead of"), (2, "behind")])
def test_a_wrong_clock_is_named(hours: int, side: str) -> None:
    """A HEAD is refused without a reason: only the date of the answer tells."""
    date = format_datetime(datetime.now(UTC) + timedelta(hours=hours), usegmt=True)
    with pytest.raises(Unavailable, match=f"clock is 7[0-9]{{3}} s {side}"), s3_errors.translated("x"):
        raise ClientError("403", date=date)
    with pytest.raises(Unavailable, match="clock"), s3_errors.translated("x"):
        raise ClientError("RequestTimeTooSkewed")


@pytest.mark.parametrize("date", ["", "yesterday", None])
def test_a_right_clock_is_not(date: str | None) -> None:
    date = format_datetime(datetime.now(UTC), usegmt=True) if date is None else date
    with pytest.raises(Unavailable, match="credentials"), s3_errors.translated("x"):
        raise ClientError("403", date=date)


@pytest.mark.parametrize(("given", "wait_s"), [("7", 7), ("3600", 60), ("soon", 2), ("-1", 2), ("", 2)])
def test_when_to_come_again(given: str, wait_s: float) -> None:
    with pytest.raises(Unavailable) as caught, s3_errors.translated("x"):
        raise ClientError("SlowDown", **{"retry-after": given})
    assert caught.value.retry_after_s == wait_s


def test_what_is_ours_already_stays() -> None:
    with pytest.raises(Unavailable, match="busy") as caught, s3_errors.translated("x"):
        raise Unavailable("busy", 9)
    assert caught.value.retry_after_s == 9
