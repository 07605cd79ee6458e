"""How long the texts of a run may be: one that the server would refuse later is refused where it is given.

The server has the last word (httpapi/models/fields.py has the same numbers, and a test compares them).
"""

from __future__ import annotations

LINE_MAX_CHARS = 1000  # name, group, job type
TEXT_MAX_CHARS = 65_536  # notes, an artifact's description
TAG_MAX_CHARS = 200
TAGS_MAX = 200
ALIASES_MAX = 100


def check_length(text: str, max_chars: int) -> None:
    """Raise ValueError if `text` has more than `max_chars` characters."""
    if len(text) > max_chars:
        raise ValueError(f"{text[:40]!r}... has {len(text)} characters; {max_chars} are allowed")
