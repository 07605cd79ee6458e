"""Previews of files: pure functions from bytes to safe HTML, run in a process of their own."""

from .ansi import to_html as terminal_html
from .document import POLICY, SANDBOX, document
from .kinds import DIRECT, LIMIT_BYTES, Kind, kind_of
from .renderer import Renderer
from .source import Source
from .tree import value_html as tree_html

__all__ = [
    "DIRECT",
    "LIMIT_BYTES",
    "POLICY",
    "SANDBOX",
    "Kind",
    "Renderer",
    "Source",
    "document",
    "kind_of",
    "terminal_html",
    "tree_html",
]
