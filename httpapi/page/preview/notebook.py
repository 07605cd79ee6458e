"""Jupyter notebooks (nbformat 4): cells in order, with the outputs they were saved with."""

from __future__ import annotations

import base64
import binascii
import json
import re
from html import escape

from .ansi import to_html
from .images import data_url
from .markup import clean, markdown
from .source import Source, Unreadable
from .text import highlight

SHOWN_CELLS = 500
SHOWN_OUTPUTS = 100
SHOWN_OUTPUT_CHARS = 100_000
_IMAGES = ("image/png", "image/jpeg", "image/gif", "image/webp")

Json = dict[str, object]


def render_notebook(source: Source) -> str:
    """A notebook. Raises Unreadable when it is no nbformat 4 document or larger than the limit."""
    if not source.complete:
        raise Unreadable("This notebook is too large to be shown here.")
    try:
        document = json.loads(source.text())
    except (ValueError, RecursionError):
        raise Unreadable("This notebook is not valid JSON.") from None
    cells = document.get("cells") if isinstance(document, dict) else None
    if not isinstance(cells, list):
        raise Unreadable("This notebook has no cells, or is older than nbformat 4.")
    language = _language(document)
    out = [_cell(cell, language) for cell in cells[:SHOWN_CELLS] if isinstance(cell, dict)]
    if len(cells) > SHOWN_CELLS:
        out.append(f'<p class="note">{len(cells) - SHOWN_CELLS} more cells are not shown.</p>')
    if not out:
        out.append('<p class="note">This notebook is empty.</p>')
    return f'<article class="notebook">{"".join(out)}</article>'


def _language(document: Json) -> str:
    metadata = document.get("metadata")
    language = metadata.get("language_info") if isinstance(metadata, dict) else None
    name = language.get("name") if isinstance(language, dict) else None
    return name if isinstance(name, str) and re.fullmatch(r"[\w+#-]{1,30}", name) else "python"


def _cell(cell: Json, language: str) -> str:
    text = _joined(cell.get("source"))
    if cell.get("cell_type") == "markdown":
        return f'<section class="prose">{markdown(text)}</section>'
    if cell.get("cell_type") != "code":
        return f'<section><pre class="output">{escape(text)}</pre></section>'
    count = cell.get("execution_count")
    prompt = f"[{count}]" if isinstance(count, int) else "[ ]"
    outputs = cell.get("outputs")
    shown = outputs[:SHOWN_OUTPUTS] if isinstance(outputs, list) else []
    code = f'<pre class="input"><code>{highlight(text, language)}</code></pre>'
    body = code + "".join(_output(output) for output in shown if isinstance(output, dict))
    return f'<section class="cell"><span class="prompt">{prompt}</span><div>{body}</div></section>'


def _output(output: Json) -> str:
    kind = output.get("output_type")
    if kind == "stream":
        return _terminal(_joined(output.get("text")), "output")
    if kind == "error":
        return _terminal("\n".join(_strings(output.get("traceback"))), "output error")
    data = output.get("data")
    return _rich(data) if isinstance(data, dict) else ""


def _rich(data: Json) -> str:
    """The richest form that can be shown safely: an image, then SVG as an image, HTML, Markdown, text."""
    text = _joined(data.get("text/plain"))
    for content_type in _IMAGES:
        encoded = "".join(_joined(data.get(content_type)).split())
        if encoded and _is_base64(encoded):
            return f'<img src="data:{content_type};base64,{encoded}" alt="{escape(text[:200]) or "output"}">'
    if svg := _joined(data.get("image/svg+xml")):
        return f'<img src="{data_url("image/svg+xml", svg.encode())}" alt="{escape(text[:200]) or "output"}">'
    if html := _joined(data.get("text/html")):
        return f'<div class="prose scroll">{clean(html[:SHOWN_OUTPUT_CHARS])}</div>'
    if written := _joined(data.get("text/markdown")):
        return f'<div class="prose">{markdown(written[:SHOWN_OUTPUT_CHARS])}</div>'
    return _terminal(text, "output") if text else ""


def _terminal(text: str, classes: str) -> str:
    lines = (to_html(line) for line in text[:SHOWN_OUTPUT_CHARS].split("\n"))
    return f'<pre class="{classes}">{chr(10).join(lines)}</pre>'


def _is_base64(text: str) -> bool:
    try:
        base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return False
    return True


def _strings(value: object) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def _joined(value: object) -> str:
    """nbformat's multi-line string: a string, or a list of them."""
    return value if isinstance(value, str) else "".join(_strings(value))
