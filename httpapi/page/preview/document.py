"""The document inside the preview's frame, and the policy that keeps it inert.

Three walls, each enough alone: the renderers put out only escaped or cleaned HTML; the policy allows no
script, no frame, no form and no source but inlined images; the sandbox gives the document an origin of its
own, without cookies. The style sheet is inlined and allowed by its hash, as an opaque origin has no 'self'.
"""

from __future__ import annotations

import base64
import hashlib
from html import escape

from ..assets import text

# Links in Markdown open in a tab of their own, which must not stay in the sandbox to be of use.
SANDBOX = "allow-popups allow-popups-to-escape-sandbox"

STYLE = text("tokens.css") + text("preview.css")
_STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()

POLICY = (
    f"sandbox {SANDBOX}; default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)


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
