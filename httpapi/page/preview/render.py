"""The body of a preview: which renderer each kind of file has, and what is shown of a file that it refuses.

Only the child process imports this: what the renderers stand on takes 8 MiB, and meets hostile bytes.
"""

from __future__ import annotations

from collections.abc import Callable
from html import escape

from .images import render_binary, render_svg
from .kinds import LIMIT_BYTES, Kind
from .markup import render_markdown
from .notebook import render_notebook
from .source import Source, Unreadable
from .table import render_delimited, render_parquet
from .text import render_code, render_text
from .tree import render_json, render_jsonl

RENDERERS: dict[Kind, Callable[[Source], str]] = {
    Kind.TEXT: render_text,
    Kind.CODE: render_code,
    Kind.MARKDOWN: render_markdown,
    Kind.TABLE: render_delimited,
    Kind.PARQUET: render_parquet,
    Kind.JSON: render_json,
    Kind.JSONL: render_jsonl,
    Kind.NOTEBOOK: render_notebook,
    Kind.SVG: render_svg,
    Kind.BINARY: render_binary,
}

_TEXTUAL = frozenset({Kind.JSON, Kind.JSONL, Kind.NOTEBOOK, Kind.TABLE})
FALLBACK_BYTES = 64 * 1024


def render(kind: Kind, source: Source) -> str:
    """The safe HTML of a file's preview. What is wrong with the bytes it says, instead of raising."""
    try:
        body = RENDERERS[kind](source)
    except Unreadable as error:
        return f'<p class="note problem">{escape(str(error))}</p>' + _instead(kind, source)
    if not source.complete and kind in (Kind.TEXT, Kind.CODE, Kind.MARKDOWN):
        body += f'<p class="note">This is the start of it: {len(source.data)} of {source.size} bytes.</p>'
    return body


def _instead(kind: Kind, source: Source) -> str:
    """What is shown of a file that is not what its name says: text as text, all else as bytes."""
    if kind in _TEXTUAL:
        try:
            return render_text(Source(source.name, source.data[:FALLBACK_BYTES], source.size))
        except Unreadable:
            pass
    return render_binary(Source(source.name, source.data[: LIMIT_BYTES[Kind.BINARY]], source.size))
