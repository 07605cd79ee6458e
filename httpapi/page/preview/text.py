"""Text and code, line by line, with highlighting."""

from __future__ import annotations

from html import escape

import pygments
from pygments.formatters.html import HtmlFormatter
from pygments.lexer import Lexer
from pygments.lexers import get_lexer_by_name, get_lexer_for_filename
from pygments.util import ClassNotFound

from .ansi import to_html
from .source import Source

# Highlighting costs about 2 microseconds a byte; beyond this a file is shown plain.
HIGHLIGHTED_BYTES = 128 * 1024
SHOWN_LINES = 5000
SHOWN_LINE_CHARS = 4000

_FORMATTER: HtmlFormatter[str] = HtmlFormatter(nowrap=True)


def render_text(source: Source) -> str:
    """Plain text; the colours that a terminal would show are kept."""
    lines = source.text().splitlines()
    return _numbered([to_html(line[:SHOWN_LINE_CHARS]) for line in lines[:SHOWN_LINES]])


def render_code(source: Source) -> str:
    """Code in the language that the file's name tells; plain when none is known or the file is large."""
    text = source.text()
    if source.size > HIGHLIGHTED_BYTES:
        return render_text(source)
    try:
        lexer = get_lexer_for_filename(source.name, text)
    except ClassNotFound:
        return render_text(source)
    return _numbered(_highlight(text, lexer).splitlines()[:SHOWN_LINES])


def highlight(text: str, language: str) -> str:
    """Highlighted HTML of a snippet, without line numbers; escaped plain text for an unknown language."""
    if len(text) > HIGHLIGHTED_BYTES:
        return escape(text)
    try:
        lexer = get_lexer_by_name(language)
    except ClassNotFound:
        return escape(text)
    return _highlight(text, lexer)


def _highlight(text: str, lexer: Lexer) -> str:
    lexer.stripnl = False  # the first line's number must be the file's
    return pygments.highlight(text, lexer, _FORMATTER)


def _numbered(lines: list[str]) -> str:
    """Lines of HTML as a block whose numbers are drawn by the style sheet, and so are not copied with it."""
    if not lines:
        return '<p class="note">This file is empty.</p>'
    return '<pre class="lines">' + "".join(f'<span class="line">{line}\n</span>' for line in lines) + "</pre>"
