"""Text and code: numbered lines, highlighting, and nothing of the file as markup."""

import pytest

from httpapi.page.preview import text
from httpapi.page.preview.source import Source, Unreadable

HOSTILE = b"<script>alert(1)</script>\n<img src=x onerror=alert(1)>\n"


def source(name: str, data: bytes) -> Source:
    return Source(name, data, len(data))


def test_plain_lines() -> None:
    html = text.render_text(source("a.txt", b"one\n\nthree"))
    assert html == (
        '<pre class="lines"><span class="line">one\n</span><span class="line">\n</span>'
        '<span class="line">three\n</span></pre>'
    )


def test_code_is_highlighted_and_keeps_its_lines() -> None:
    html = text.render_code(source("a.py", b'\n\ndef f():\n    """doc\n    more"""\n'))
    assert html.count('class="line"') == 5
    assert '<span class="k">def</span>' in html
    for line in html.split("\n</span>"):
        assert line.count("<span") - line.count("</span>") in (0, 1), line


@pytest.mark.parametrize("name", ["a.html", "a.txt", "a.js", "a.xml", "a.unknown", "<b>.py"])
def test_hostile_content_is_escaped(name: str) -> None:
    for render in (text.render_text, text.render_code):
        html = render(source(name, HOSTILE))
        assert "<script" not in html
        assert "<img" not in html


def test_large_code_is_shown_plain() -> None:
    data = b"def f(): pass\n" * 10_000
    html = text.render_code(source("a.py", data))
    assert '<span class="k">' not in html
    assert html.count('class="line"') == text.SHOWN_LINES


def test_long_line_is_cut() -> None:
    assert len(text.render_text(source("a", b"x" * 100_000))) < text.SHOWN_LINE_CHARS + 200


def test_empty_and_binary() -> None:
    assert "empty" in text.render_text(source("a", b""))
    with pytest.raises(Unreadable):
        text.render_code(source("a.py", b"a\0b"))


def test_snippets() -> None:
    assert text.highlight("x = 1", "python").startswith('<span class="n">x</span>')
    assert text.highlight("<b>", "no such language") == "&lt;b&gt;"
