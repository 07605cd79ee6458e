"""Notebooks: cells and saved outputs, with nothing in them that acts."""

import json

import pytest

from httpapi.page.preview.notebook import SHOWN_CELLS, render_notebook
from httpapi.page.preview.source import Source, Unreadable

SCRIPT = "<script>alert(1)</script>"


def render(document: object) -> str:
    data = json.dumps(document).encode()
    return render_notebook(Source("a.ipynb", data, len(data)))


def code(*outputs: object, source: object = "x = 1") -> dict[str, object]:
    return {"cells": [{"cell_type": "code", "execution_count": 7, "source": source, "outputs": outputs}]}


def rich(content_type: str, value: object) -> str:
    return render(code({"output_type": "display_data", "data": {content_type: value, "text/plain": SCRIPT}}))


def test_cells() -> None:
    html = render(
        {
            "metadata": {"language_info": {"name": "python"}},
            "cells": [
                {"cell_type": "markdown", "source": ["# T\n", "text"]},
                {
                    "cell_type": "code",
                    "execution_count": None,
                    "source": ["def f():\n", "  pass"],
                    "outputs": [],
                },
                {"cell_type": "raw", "source": "<raw>"},
            ],
        }
    )
    assert "<h1>T</h1>" in html
    assert '<span class="k">def</span>' in html
    assert "[ ]" in html
    assert "&lt;raw&gt;" in html


def test_stream_and_error() -> None:
    html = render(
        code(
            {"output_type": "stream", "text": ["a\n", "\x1b[31mb\x1b[0m" + SCRIPT]},
            {"output_type": "error", "traceback": ["\x1b[1mBoom\x1b[0m"], "ename": "E", "evalue": "v"},
        )
    )
    assert "[7]" in html
    assert '<span class="ansi-red">b</span>' in html
    assert '<pre class="output error"><span class="ansi-bold">Boom</span></pre>' in html
    assert "<script" not in html


def test_images() -> None:
    assert 'src="data:image/png;base64,AAAA"' in rich("image/png", "AA\nAA")
    svg = rich("image/svg+xml", f"<svg>{SCRIPT}</svg>")
    assert "<svg" not in svg
    assert 'src="data:image/svg+xml;base64,' in svg


@pytest.mark.parametrize("value", ['"><script>alert(1)</script>', 'AAAA" onload="alert(1)', 7, {"a": 1}])
def test_image_that_is_none_falls_back_to_text(value: object) -> None:
    html = rich("image/png", value)
    assert "<img" not in html
    assert "onload=" not in html
    assert "<script" not in html
    assert "&lt;script&gt;" in html


def test_html_and_markdown_outputs_are_cleaned() -> None:
    html = rich("text/html", f"<table><tr><td onclick=alert(1)>1</td></tr></table>{SCRIPT}")
    assert "<td>1</td>" in html
    assert "<script" not in html
    assert "onclick" not in html
    assert "<strong>b</strong>" in rich("text/markdown", f"**b**{SCRIPT}")


def test_javascript_outputs_are_text() -> None:
    html = rich("application/javascript", "alert(1)")
    assert "alert(1)&lt;" in html or "&lt;script&gt;alert(1)" in html
    assert "<script" not in html


@pytest.mark.parametrize(
    "document",
    [
        {
            "cells": [
                "x",
                None,
                {"cell_type": "code"},
                {"cell_type": "code", "outputs": ["x", {"data": []}], "source": 3},
            ]
        },
        {
            "cells": [{"cell_type": "code", "outputs": [{"output_type": "stream", "text": [1, {}]}]}],
            "metadata": [],
        },
        {"cells": []},
    ],
)
def test_wrong_shapes_do_not_fail(document: object) -> None:
    assert render(document).startswith('<article class="notebook">')


@pytest.mark.parametrize("document", [[], {}, {"cells": {}}, {"worksheets": []}, 3])
def test_no_notebook(document: object) -> None:
    with pytest.raises(Unreadable):
        render(document)


def test_no_json_or_cut() -> None:
    with pytest.raises(Unreadable, match="JSON"):
        render_notebook(Source("a.ipynb", b"{", 1))
    with pytest.raises(Unreadable, match="too large"):
        render_notebook(Source("a.ipynb", b"{}", 10**9))


def test_many_cells_are_bounded() -> None:
    html = render({"cells": [{"cell_type": "raw", "source": "r"}] * (SHOWN_CELLS + 5)})
    assert html.count("<section>") == SHOWN_CELLS
    assert "5 more cells" in html
