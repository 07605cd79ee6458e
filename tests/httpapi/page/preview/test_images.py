"""SVG as an image, and unknown bytes in hexadecimal."""

import base64

import pytest

from httpapi.page.preview.images import data_url, render_binary, render_svg
from httpapi.page.preview.source import Source, Unreadable

SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><script>alert(1)</script></svg>'


def test_data_url() -> None:
    assert data_url("a/b", b"\0\xff") == "data:a/b;base64,AP8="


def test_svg_is_never_markup() -> None:
    html = render_svg(Source('"><b>.svg', SVG, len(SVG)))
    assert "<svg" not in html
    assert "<b>" not in html
    assert base64.b64encode(SVG).decode() in html
    with pytest.raises(Unreadable):
        render_svg(Source("a.svg", SVG, len(SVG) + 1))


def test_hexdump() -> None:
    data = b"<b>\0" + bytes(range(16))
    html = render_binary(Source("a.bin", data, len(data)))
    assert "00000000  3c 62 3e 00 00 01 02 03 04 05 06 07 08 09 0a 0b  &lt;b&gt;............." in html
    assert "00000010  0c 0d 0e 0f" in html
    assert "The first" not in html


def test_hexdump_of_a_start() -> None:
    assert "The first 2 bytes of 10" in render_binary(Source("a.bin", b"ab", 10))
    assert "empty" in render_binary(Source("a.bin", b"", 0))
