"""Fields that many documents share."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from httpapi.models import fields


@pytest.mark.parametrize(
    ("field", "good", "bad"),
    [
        (
            fields.Name,
            ["a", "größe", "a b", "v0", "..."],
            ["", ".", "..", "a/b", "a\n", "\x7f", "\ud800", "é" * 128],
        ),
        (fields.ProjectPath, ["a/b"], ["a", "a/b/c", "/a", "a/", "../b", "a/..", "a\x00/b"]),
        (fields.SomeProject, ["a", "a/b"], ["", "/", "a/b/c", "..", "a/"]),
        (fields.Tags, [[], ["a"]], ["a", [""], ["a" * 201], [5], ["a"] * 201]),
        (fields.Sha256, ["0" * 64], ["0" * 63, "G" * 64, "A" * 64, "0" * 64 + "\n"]),
        (fields.Md5, ["f" * 32], ["f" * 33]),
        (fields.Size, [0, 2**63 - 1], [-1, 2**63, "x"]),
        (
            fields.ContentType,
            ["text/plain", "text/plain; charset=utf-8", "application/vnd.x+json"],
            ["text", "text/", "text/plain\r\nX: y", "te xt/plain", "text/plain; a=\n"],
        ),
        (fields.Text, ["", "x\ny"], ["x" * 65_537, "\ud800"]),
    ],
)
def test_what_is_taken(field: Any, good: list[Any], bad: list[Any]) -> None:
    adapter = TypeAdapter(field)
    for value in good:
        assert adapter.validate_python(value) == value
    for value in bad:
        with pytest.raises(ValidationError):
            adapter.validate_python(value)


def test_tags_are_a_set_in_order() -> None:
    assert TypeAdapter(fields.Tags).validate_python(["b", "a", "b"]) == ["b", "a"]


@pytest.mark.parametrize(
    ("time_ns", "text"),
    [
        (0, "1970-01-01T00:00:00.000000Z"),
        (1_700_000_000_123_456_789, "2023-11-14T22:13:20.123456Z"),
        (999_999_999, "1970-01-01T00:00:00.999999Z"),
        (-1, "1969-12-31T23:59:59.999999Z"),
    ],
)
def test_times(time_ns: int, text: str) -> None:
    assert fields.rfc3339(time_ns) == text
    assert fields.rfc3339_or_none(time_ns) == text
    assert fields.rfc3339_or_none(None) is None


@given(st.binary(min_size=32, max_size=32))
def test_hashes_survive(digest: bytes) -> None:
    assert fields.bytes_or_none(fields.hex_or_none(digest)) == digest


def test_no_hash() -> None:
    assert (fields.hex_or_none(None), fields.bytes_or_none(None)) == (None, None)
