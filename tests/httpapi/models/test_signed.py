"""The JSON and the queries of signed URLs."""

import pytest
from pydantic import ValidationError

from httpapi.models.signed import Received, SignedPut


def test_what_came() -> None:
    assert Received.of(5, b"\x01" * 32, None).model_dump() == {"size": 5, "sha256": "01" * 32, "md5": None}


def test_bounds() -> None:
    good = {"expires": "1", "signature": "0" * 64}
    assert SignedPut.model_validate(good | {"part": "7"}).part == 7
    for wrong in ({"part": "0"}, {"part": "10001"}, {"part": "x"}, {"expires": "1" * 13}, {"more": "1"}):
        with pytest.raises(ValidationError):
            SignedPut.model_validate(good | wrong)
