"""Terminal output: colours stay, everything else that steers a terminal goes, HTML is escaped."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from httpapi.page.preview.ansi import to_html


@pytest.mark.parametrize(
    ("line", "html"),
    [
        ("plain", "plain"),
        ("<b>&", "&lt;b&gt;&amp;"),
        ("\x1b[31mred\x1b[0m x", '<span class="ansi-red">red</span> x'),
        (
            "\x1b[1;92mok\x1b[22m!\x1b[39m.",
            '<span class="ansi-bold ansi-green">ok</span><span class="ansi-green">!</span>.',
        ),
        ("\x1b[3mi\x1b[23mj", '<span class="ansi-italic">i</span>j'),
        ("\x1b[mx", "x"),
        ("\x1b[38;5;31mx", "x"),
        ("\x1b[38;2;1;2;31mx", "x"),
        ("\x1b[38;5;9;31mx", '<span class="ansi-red">x</span>'),
        ("\x1b[2Kx\x1b[3A", "x"),
        ("\x1b]0;title\x07x", "x"),
        ("\x1b]8;;http://a\x1b\\x", "x"),
        ("10%\r50%\r100%", "100%"),
        ("done\r", "done"),
        ("a\x00\x08\x7fb\tc", "ab\tc"),
    ],
)
def test_lines(line: str, html: str) -> None:
    assert to_html(line) == html


@given(st.text(alphabet="\x1b[]0123456789;:mKAB<>&\"'a \r\x07\\"))
def test_nothing_but_our_spans_is_markup(line: str) -> None:
    html = to_html(line)
    rest = re.sub(r'<span class="(?:ansi-[a-z]+ ?)+">|</span>', "", html)
    assert not re.search("[<>\x1b\r\x07]", rest)
    assert html.count("<span") == html.count("</span>")
