"""The page's own files: style sheets, scripts and vendored libraries, held in memory by their hash.

Nothing is looked up on disk for a request, so no request can ask for another file; and a changed file has
another address, so browsers may keep what they have for a year.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from importlib import resources

PREFIX = "/assets"

_TYPES = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}

# Asset name -> the files it is made of, in order.
_PARTS = {
    "app.css": ("tokens.css", "app.css", "vendor/uPlot.min.css"),
    "app.js": ("vendor/htmx.min.js", "app.js"),
    "charts.js": ("vendor/uPlot.iife.min.js", "charts.js"),
    "upload.js": ("upload.js",),
    "icon.svg": ("icon.svg",),
}


@dataclass(frozen=True, slots=True)
class Asset:
    """One file as it is served; `hash` is in its address."""

    body: bytes
    content_type: str
    hash: str


def text(name: str) -> str:
    """A file of the static folder as text."""
    return resources.files("httpapi.page").joinpath("static", name).read_text("utf-8")


@cache
def asset(name: str) -> Asset:
    """An asset by its name. Raises KeyError for a name that is not in the table."""
    body = "\n".join(text(part) for part in _PARTS[name]).encode()
    return Asset(body, _TYPES[name.rpartition(".")[2]], hashlib.sha256(body).hexdigest()[:16])


def url(name: str) -> str:
    """Where a page finds an asset."""
    return f"{PREFIX}/{asset(name).hash}/{name}"
