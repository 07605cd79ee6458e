"""HTML that came from outside, made safe: Markdown, and the HTML that a notebook's cells put out.

nh3 keeps a closed list of tags and attributes. What passes it could still not run: the frame it is shown in
is sandboxed without scripts, and its policy allows no source but inlined images.
"""

from __future__ import annotations

import nh3
from markdown_it import MarkdownIt

from .source import Source
from .text import highlight

_TAGS = (
    "a abbr b blockquote br caption code dd del details div dl dt em h1 h2 h3 h4 h5 h6 hr i img ins kbd li"
    " mark ol p pre q s samp small span strong sub summary sup table tbody td tfoot th thead tr tt u ul var"
)
_DROPPED_WHOLE = "script style iframe object noscript template svg math title"
_ATTRIBUTES = {
    "a": {"href", "title"},
    "img": {"src", "alt", "title", "width", "height"},
    "td": {"colspan", "rowspan", "align"},
    "th": {"colspan", "rowspan", "align", "scope"},
    "ol": {"start"},
    "details": {"open"},
    "code": {"class"},
    "span": {"class"},
    "pre": {"class"},
}
_IMAGES = ("data:image/png;", "data:image/jpeg;", "data:image/gif;", "data:image/webp;")


def _keep(tag: str, attribute: str, value: str) -> str | None:
    """Drop data: URLs everywhere but in images, and there all but the plain raster types."""
    if attribute == "src" and not value.startswith(_IMAGES):
        return None
    if attribute == "href" and value.lower().startswith("data:"):
        return None
    return value


def clean(html: str) -> str:
    """The harmless part of some HTML: no script, style, form, frame or event; links open in a new tab."""
    return nh3.clean(
        html,
        tags=set(_TAGS.split()),
        attributes=_ATTRIBUTES,
        attribute_filter=_keep,
        url_schemes={"http", "https", "mailto", "data"},
        set_tag_attribute_values={"a": {"target": "_blank"}},
        link_rel="noopener noreferrer nofollow",
        clean_content_tags=set(_DROPPED_WHOLE.split()),
    )


def _code(text: str, language: str, _attributes: object) -> str:
    return highlight(text, language) if language else ""


_MARKDOWN = MarkdownIt("commonmark", {"html": True, "highlight": _code}).enable(["table", "strikethrough"])


def markdown(text: str) -> str:
    """Safe HTML of CommonMark text with tables and strikethrough; HTML in it is cleaned, not escaped."""
    return clean(_MARKDOWN.render(text))


def render_markdown(source: Source) -> str:
    """A Markdown file."""
    return f'<article class="prose">{markdown(source.text())}</article>'
