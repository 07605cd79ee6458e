"""Previews of files: pure functions from bytes to safe HTML, run in a process of their own."""

from .document import POLICY, SANDBOX, document
from .kinds import DIRECT, LIMIT_BYTES, Kind, kind_of
from .renderer import Renderer
from .source import Source

__all__ = ["DIRECT", "LIMIT_BYTES", "POLICY", "SANDBOX", "Kind", "Renderer", "Source", "document", "kind_of"]
