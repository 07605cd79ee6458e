"""Cursors: where a list goes on, as an opaque text that holds the last row's place in its order.

They hold no secret and give no right, so they are not signed; a wrong one is refused, not believed.
"""

import base64
import json
from collections.abc import Sequence

from httpapi.problems import Problem
from store.catalog.session import Value

CURSOR_MAX = 8192  # characters: a path of 4096 bytes fits

Place = list[str | int | None]


def cursor_of(order: str, place: Sequence[Value]) -> str:
    """A cursor for the place after a row in a list sorted by `order`."""
    text = json.dumps([order, *place], ensure_ascii=False, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode("utf-8", "surrogateescape")).rstrip(b"=").decode()


def place_of(cursor: str, order: str, shape: tuple[type, ...]) -> Place:
    """The place in a cursor. Problem unless it was made for this `order` and holds values of these types."""
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        found = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (ValueError, RecursionError):
        found = None
    fits = (
        isinstance(found, list)
        and len(found) == len(shape) + 1
        and found[0] == order
        and all(type(value) is of for value, of in zip(found[1:], shape, strict=True))
        and all(abs(value) < 1 << 63 for value in found[1:] if isinstance(value, int))
    )
    if not fits:
        raise Problem("invalid", "This cursor does not belong to this list in this order; begin without one.")
    place: Place = found[1:]
    return place
