"""JSON and JSONL as a tree that folds."""

from __future__ import annotations

import json
from collections.abc import Iterable
from html import escape
from itertools import islice

from .source import Source, Unreadable

SHOWN_NODES = 5000
SHOWN_DEPTH = 60
SHOWN_LINES = 300
SHOWN_STRING_CHARS = 2000
OPEN_DEPTH = 2
OPEN_CHILDREN = 50

Items = Iterable[tuple[str | int, object]]


def render_json(source: Source) -> str:
    """One JSON document."""
    if not source.complete:
        raise Unreadable("This JSON file is too large to be shown as a tree.")
    return '<div class="tree">' + _Tree().node(_parse(source.text()), "", 0) + "</div>"


def render_jsonl(source: Source) -> str:
    """One JSON document a line; a line that is none is shown as it is."""
    lines = [line for line in source.lines() if line.strip()]
    if not lines:
        return '<p class="note">This file is empty.</p>'
    tree = _Tree()
    out = []
    for number, line in enumerate(lines[:SHOWN_LINES], 1):
        try:
            value = _parse(line)
        except Unreadable:
            shown = f'<code class="bad">{escape(line[:SHOWN_STRING_CHARS])}</code>'
            out.append(f'<div class="leaf">{_label(number)}{shown}</div>')
        else:
            out.append(tree.node(value, number, OPEN_DEPTH))
    cut = len(lines) > SHOWN_LINES or not source.complete
    note = f'<p class="note">The first {len(out)} lines.</p>' if cut else ""
    return f'{note}<div class="tree">{"".join(out)}</div>'


def value_html(value: object) -> str:
    """The tree of a value that was parsed already, such as a run's config."""
    return '<div class="tree">' + _Tree().node(value, "", 0) + "</div>"


def _parse(text: str) -> object:
    try:
        return json.loads(text)
    except RecursionError:
        raise Unreadable("This JSON is nested too deeply to be shown as a tree.") from None
    except ValueError as error:
        raise Unreadable(f"This is not JSON: {error}.") from None


class _Tree:
    """Writes nodes until SHOWN_NODES are there; what lies beyond is counted and not shown."""

    def __init__(self) -> None:
        self.left = SHOWN_NODES

    def node(self, value: object, label: str | int, depth: int) -> str:
        self.left -= 1
        if isinstance(value, dict):
            return self.branch(label, depth, len(value), "{}", islice(value.items(), max(self.left, 0)))
        if isinstance(value, list):
            return self.branch(label, depth, len(value), "[]", islice(enumerate(value), max(self.left, 0)))
        return f'<div class="leaf">{_label(label)}{_scalar(value)}</div>'

    def branch(
        self,
        label: str | int,
        depth: int,
        count: int,
        brackets: str,
        items: Iterable[tuple[str | int, object]],
    ) -> str:
        noun = ("key" if brackets == "{}" else "item") + ("" if count == 1 else "s")
        title = f'<span class="count">{brackets[0]}{count} {noun}{brackets[1]}</span>'
        if not count:
            return f'<div class="leaf">{_label(label)}{title}</div>'
        if depth >= SHOWN_DEPTH or self.left <= 0:
            return f'<div class="leaf">{_label(label)}{title} <span class="count">not shown</span></div>'
        out = []
        shown = 0
        for key, child in items:
            if self.left <= 0:
                break
            out.append(self.node(child, key, depth + 1))
            shown += 1
        if shown < count:
            out.append(f'<div class="leaf count">{count - shown} more not shown</div>')
        state = " open" if depth < OPEN_DEPTH and count <= OPEN_CHILDREN else ""
        return f"<details{state}><summary>{_label(label)}{title}</summary>{''.join(out)}</details>"


def _label(label: str | int) -> str:
    return "" if label == "" else f'<span class="key">{escape(str(label)[:200])}</span> '


def _scalar(value: object) -> str:
    if isinstance(value, str):
        cut = value if len(value) <= SHOWN_STRING_CHARS else value[:SHOWN_STRING_CHARS] + "…"
        return f'<code class="string">{escape(json.dumps(cut, ensure_ascii=False))}</code>'
    kind = "word" if value is None or isinstance(value, bool) else "number"
    return f'<code class="{kind}">{escape(json.dumps(value))[:200]}</code>'
