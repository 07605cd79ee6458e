"""JSON as a tree: folded, bounded and escaped."""

import json

import pytest

from httpapi.page.preview import tree
from httpapi.page.preview.source import Source, Unreadable


def shown(value: object) -> str:
    data = json.dumps(value).encode()
    return tree.render_json(Source("a.json", data, len(data)))


def test_values() -> None:
    html = shown({"lr": 0.1, "name": "x", "ok": True, "none": None})
    assert '<span class="key">lr</span> <code class="number">0.1</code>' in html
    assert '<code class="string">&quot;x&quot;</code>' in html
    assert '<code class="word">true</code>' in html
    assert '<code class="word">null</code>' in html
    assert "{4 keys}" in html


def test_outer_levels_are_open() -> None:
    html = shown({"a": {"b": {"c": 1}}})
    assert html.count("<details open>") == 2
    assert html.count("<details") == 3


def test_hostile_keys_and_strings() -> None:
    html = shown({"<script>": "</code><script>alert(1)</script>"})
    assert "<script" not in html


def test_node_limit() -> None:
    html = shown([[i] for i in range(50_000)])
    assert html.count('class="leaf"') <= tree.SHOWN_NODES + 1
    assert "more not shown" in html
    assert html.count("<details") == html.count("</details>")


def test_deep_nesting() -> None:
    html = shown(json.loads("[" * 500 + "]" * 500))
    assert html.count("<details") == tree.SHOWN_DEPTH
    with pytest.raises(Unreadable):
        tree.render_json(Source("a.json", b"[" * 200_000, 200_000))


def test_not_json() -> None:
    with pytest.raises(Unreadable, match="not JSON"):
        tree.render_json(Source("a.json", b"{", 1))
    with pytest.raises(Unreadable, match="too large"):
        tree.render_json(Source("a.json", b"{}", 100))


def test_jsonl_lines() -> None:
    data = b'{"step": 1}\nnot <b>json\n\n{"step": NaN}\n'
    html = tree.render_jsonl(Source("a.jsonl", data, len(data)))
    assert html.count("<details>") == 2
    assert "not &lt;b&gt;json" in html
    assert "NaN" in html


def test_jsonl_shows_the_first_lines() -> None:
    data = b"1\n" * 1000
    html = tree.render_jsonl(Source("a.jsonl", data, len(data)))
    assert f"The first {tree.SHOWN_LINES} lines" in html
    cut = tree.render_jsonl(Source("a.jsonl", b"1\n2\n3", 10))
    assert "The first 2 lines" in cut


def test_value_html() -> None:
    assert "{1 key}" in tree.value_html({"a": 1})
    assert "{0 keys}" in tree.value_html({})
