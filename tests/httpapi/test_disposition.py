"""The name under which a browser saves a file."""

from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from httpapi.disposition import content_disposition


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("model.pt", 'attachment; filename="model.pt"'),
        ("a b.txt", 'attachment; filename="a b.txt"'),
        ("größe.csv", "attachment; filename=\"gr__e.csv\"; filename*=UTF-8''gr%C3%B6%C3%9Fe.csv"),
        ('a"b.txt', "attachment; filename=\"a_b.txt\"; filename*=UTF-8''a%22b.txt"),
        ("50%.txt", "attachment; filename=\"50_.txt\"; filename*=UTF-8''50%25.txt"),
        ("a\r\nX: y", "attachment; filename=\"a__X: y\"; filename*=UTF-8''a%0D%0AX%3A%20y"),
    ],
)
def test_names(name: str, expected: str) -> None:
    assert content_disposition("attachment", name) == expected


@given(st.text(min_size=1))
def test_any_name_survives_and_no_header_is_injected(name: str) -> None:
    header = content_disposition("inline", name)
    assert header.isascii()
    assert header.isprintable()
    if "filename*=" in header:
        assert unquote(header.partition("UTF-8''")[2], errors="surrogateescape") == name
    else:
        assert header == f'inline; filename="{name}"'
