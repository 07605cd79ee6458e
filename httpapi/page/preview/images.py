"""SVG, and bytes that are nothing a browser shows."""

from __future__ import annotations

import base64
from html import escape

from .source import Source, Unreadable

HEX_ROW_BYTES = 16


def data_url(content_type: str, data: bytes) -> str:
    """The bytes as a data: URL; base64, so nothing in it needs escaping."""
    return f"data:{content_type};base64,{base64.b64encode(data).decode()}"


def render_svg(source: Source) -> str:
    """An SVG file inside an <img>, where it runs no script and loads nothing, besides the frame's sandbox."""
    if not source.complete:
        raise Unreadable("This image is too large to be shown here.")
    url = data_url("image/svg+xml", source.data)
    return f'<div class="picture"><img src="{url}" alt="{escape(source.name)}"></div>'


def render_binary(source: Source) -> str:
    """The first bytes in hexadecimal and as ASCII, as `hexdump -C` writes them."""
    if not source.data:
        return '<p class="note">This file is empty.</p>'
    rows = []
    for offset in range(0, len(source.data), HEX_ROW_BYTES):
        row = source.data[offset : offset + HEX_ROW_BYTES]
        shown = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in row)
        rows.append(f"{offset:08x}  {row.hex(' '):<47}  {escape(shown)}")
    note = (
        "" if source.complete else f'<p class="note">The first {len(source.data)} bytes of {source.size}.</p>'
    )
    return f'{note}<pre class="hex">{chr(10).join(rows)}</pre>'
