"""What a file is by its name."""

import pytest

from httpapi.media_types import OWN, UNKNOWN, media_type


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.txt", "text/plain"),
        ("logs/a.PNG", "image/png"),
        ("model.pt", UNKNOWN),
        ("table.parquet", "application/vnd.apache.parquet"),
        ("x.tar.gz", "application/gzip"),
        ("history.jsonl", "application/jsonl"),
        ("notebook.ipynb", "application/x-ipynb+json"),
        ("Makefile", UNKNOWN),
        ("", UNKNOWN),
        (".png", "image/png"),
        ("a.", UNKNOWN),
        ("page.html", "text/html"),
    ],
)
def test_types(name: str, expected: str) -> None:
    assert media_type(name) == expected


def test_all_types_are_plain() -> None:
    assert all(kind.isascii() and kind.count("/") == 1 for kind in OWN.values())
