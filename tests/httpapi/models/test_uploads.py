"""The JSON of uploads."""

import pytest
from pydantic import ValidationError

from httpapi.models.uploads import BATCH_MAX, NewUpload, NewUploads, Registration


def test_a_path_goes_by_either_name() -> None:
    assert NewUpload(path="a/b").where == "a/b"
    assert NewUpload(name="a/b").where == "a/b"
    for wrong in ({}, {"path": "a", "name": "a"}):
        with pytest.raises(ValidationError):
            NewUpload.model_validate(wrong)


def test_an_upload_id_is_what_we_gave() -> None:
    Registration(upload_id="0" * 32)
    for wrong in ("0" * 31, "g" * 32, "../" + "0" * 29, "0" * 32 + "\n"):
        with pytest.raises(ValidationError):
            Registration.model_validate({"upload_id": wrong})


def test_batches_are_bounded() -> None:
    one = {"path": "a"}
    assert len(NewUploads.model_validate({"files": [one] * BATCH_MAX}).files) == BATCH_MAX
    for wrong in ([], [one] * (BATCH_MAX + 1)):
        with pytest.raises(ValidationError):
            NewUploads.model_validate({"files": wrong})
