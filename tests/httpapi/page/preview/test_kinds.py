"""Names and content types to previews."""

import pytest

from httpapi.page.preview.kinds import DIRECT, LIMIT_BYTES, Kind, kind_of


@pytest.mark.parametrize(
    ("name", "content_type", "kind"),
    [
        ("train.py", "text/x-python", Kind.CODE),
        ("Makefile", "application/octet-stream", Kind.CODE),
        ("README.MD", "text/plain", Kind.MARKDOWN),
        ("a.csv", "text/csv", Kind.TABLE),
        ("a.tsv", "text/plain", Kind.TABLE),
        ("a.parquet", "application/octet-stream", Kind.PARQUET),
        ("a.json", "application/json; charset=utf-8", Kind.JSON),
        ("history.jsonl", "text/plain", Kind.JSONL),
        ("a.ipynb", "application/json", Kind.NOTEBOOK),
        ("a.svg", "image/svg+xml", Kind.SVG),
        ("a.png", "image/png", Kind.IMAGE),
        ("a.wav", "audio/wav", Kind.AUDIO),
        ("a.mp4", "video/mp4", Kind.VIDEO),
        ("a.pdf", "application/pdf", Kind.PDF),
        ("model.pt", "application/octet-stream", Kind.BINARY),
        ("noending", "text/plain", Kind.TEXT),
        ("noending", "application/octet-stream", Kind.BINARY),
        ("noending", "application/json", Kind.JSON),
    ],
)
def test_kinds(name: str, content_type: str, kind: Kind) -> None:
    assert kind_of(name, content_type) is kind


def test_html_is_shown_as_code() -> None:
    assert kind_of("page.html", "text/html") is Kind.CODE
    assert kind_of("page", "text/html") is Kind.CODE


def test_a_name_alone_never_makes_a_direct_element() -> None:
    """The browser goes by the content type: HTML called a.png must not be embedded as it is."""
    for name in ("a.png", "a.pdf", "a.mp4", "a.mp3"):
        assert kind_of(name, "text/html") not in DIRECT
        assert kind_of(name, "image/svg+xml") not in DIRECT
        assert kind_of(name, "application/octet-stream") is Kind.BINARY


def test_a_png_called_svg_is_an_image() -> None:
    assert kind_of("a.svg", "image/png") is Kind.IMAGE


def test_each_rendered_kind_has_a_limit() -> None:
    assert set(LIMIT_BYTES) == set(Kind) - DIRECT
