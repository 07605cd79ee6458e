"""Markdown and foreign HTML: what may stay stays, what could act goes."""

import pytest

from httpapi.page.preview.markup import clean, markdown, render_markdown
from httpapi.page.preview.source import Source

PIXEL = "data:image/png;base64,AAAA"


@pytest.mark.parametrize(
    "html",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "<svg onload=alert(1)><script>alert(1)</script></svg>",
        "<a href='javascript:alert(1)'>x</a>",
        "<a href='JaVa\tScript:alert(1)'>x</a>",
        "<a href='data:text/html,<script>alert(1)</script>'>x</a>",
        "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
        "<form action=/x><button>go</button></form>",
        "<p style='position:fixed' onclick=alert(1)>x</p>",
        "<math><mtext><script>alert(1)</script></mtext></math>",
        "<base href=//evil>",
        "<meta http-equiv=refresh content='0;url=//evil'>",
        "<link rel=stylesheet href=//evil>",
        "<object data=//evil></object><embed src=//evil>",
        "<noscript><p title='</noscript><script>alert(1)</script>'>",
        "<style>*{display:none}</style>",
        "<video src=//evil></video>",
    ],
)
def test_hostile_html(html: str) -> None:
    for out in (clean(html), markdown(html), markdown("text " + html)):
        low = out.lower()
        for bad in (
            "<script",
            "onerror",
            "onload",
            "onclick",
            'href="javascript',
            'href="data',
            "<iframe",
            "<form",
        ):
            assert bad not in low, out
        for bad in (
            "<base",
            "<meta",
            "<link",
            "<object",
            "<embed",
            "<style",
            "style=",
            "<svg",
            "<video",
            "<math",
        ):
            assert bad not in low, out


def test_images_are_inlined_rasters_only() -> None:
    assert f'src="{PIXEL}"' in clean(f'<img src="{PIXEL}">')
    assert "src" not in clean('<img src="http://evil/a.png">')
    assert "src" not in clean('<img src="data:image/svg+xml;base64,AAAA">')


def test_links_open_elsewhere() -> None:
    html = markdown("[a](https://example.org)")
    assert 'target="_blank"' in html
    assert "noopener" in html
    assert "noreferrer" in html


def test_markdown() -> None:
    table = "| a | b |\n|---|--:|\n| 1 | 2 |"
    html = markdown(f"# T\n\n~~old~~ **new**\n\n{table}\n\n```python\nx = 1\n```\n\n```\n<b>\n```\n")
    assert "<h1>T</h1>" in html
    assert "<s>old</s>" in html
    assert "<td>1</td>" in html
    assert '<span class="n">x</span>' in html
    assert "&lt;b&gt;" in html


def test_file() -> None:
    assert (
        render_markdown(Source("a.md", b"*x*", 3)) == '<article class="prose"><p><em>x</em></p>\n</article>'
    )
