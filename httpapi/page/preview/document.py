"""The document inside the preview's frame, and the policy that keeps it inert.

Three walls, each enough alone: the renderers put out only escaped or cleaned HTML; the policy allows no
script, no frame, no form and no source but inlined images; the sandbox gives the document an origin of its
own, without cookies. The style sheet is inlined and allowed by its hash, as an opaque origin has no 'self'.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from html import escape

from ..assets import text
from .images import render_binary, render_svg
from .kinds import LIMIT_BYTES, Kind
from .markup import render_markdown
from .notebook import render_notebook
from .source import Source, Unreadable
from .table import render_delimited, render_parquet
from .text import render_code, render_text
from .tree import render_json, render_jsonl

# Links in Markdown open in a tab of their own, which must not stay in the sandbox to be of use.
SANDBOX = "allow-popups allow-popups-to-escape-sandbox"

STYLE = text("tokens.css") + text("preview.css")
_STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()

POLICY = (
    f"sandbox {SANDBOX}; default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)

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


def document(body: str, title: str, theme: str) -> str:
    """A whole HTML document around a rendered body.

    `theme`: "light", "dark", or anything else for the system's.
    """
    chosen = f' data-theme="{theme}"' if theme in ("light", "dark") else ""
    return (
        f'<!doctype html><html lang="en"{chosen}><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{STYLE}</style></head>'
        f"<body><main>{body}</main></body></html>"
    )
