"""Sizes, times and numbers as people read them. Pure; times are nanoseconds since 1970, UTC."""

from __future__ import annotations

import json
import math
import re
from datetime import UTC, datetime
from html import escape

from markupsafe import Markup

_UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")
_SECOND_NS = 1_000_000_000
# What is not seen but changes what is: it turns the reading direction, or lets two names look the same.
_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u00ad\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff]")


def name(text: str) -> Markup:
    """A name that someone chose, as safe HTML: what is invisible in it is shown by its number.

    It has a reading direction of its own, so that it leaves what stands beside it in place.
    """
    shown = _UNSEEN.sub(lambda found: f'<i class="unseen">U+{ord(found[0]):04X}</i>', escape(text))
    return Markup(f"<bdi>{shown}</bdi>")


def size(count: int) -> str:
    """A number of bytes: "0 B", "1023 B", "1.5 KiB", "12 MiB"."""
    value, unit = float(count), 0
    while value >= 1000 and unit < len(_UNITS) - 1:
        value /= 1024
        unit += 1
    if unit == 0:
        return f"{count} B"
    return f"{value:.{2 if value < 9.995 else 1 if value < 99.95 else 0}f} {_UNITS[unit]}"


def count(number: int, noun: str) -> str:
    """A number of things: "1 file", "1,234 files"."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def duration(seconds: float) -> str:
    """A stretch of time in its two largest units: "4 s", "3 m 20 s", "2 h 5 m", "3 d 4 h"."""
    whole = max(0, int(seconds))
    parts = (whole // 86400, "d"), (whole // 3600 % 24, "h"), (whole // 60 % 60, "m"), (whole % 60, "s")
    first = next((i for i, (value, _) in enumerate(parts) if value), len(parts) - 1)
    shown = [f"{value} {unit}" for value, unit in parts[first : first + 2] if value]
    return " ".join(shown) or "0 s"


def age(then_ns: int, now_ns: int) -> str:
    """How long ago: "now", "4 m ago", "3 d ago"; older than 30 days as a date."""
    seconds = (now_ns - then_ns) / _SECOND_NS
    if seconds < 5:
        return "now"
    if seconds < 30 * 86400:
        return duration(seconds).rpartition(" ")[0].partition(" ")[0] + f" {_largest_unit(seconds)} ago"
    return moment(then_ns)[:10]


def moment(time_ns: int) -> str:
    """A date and time of day, in UTC, to the second."""
    return f"{datetime.fromtimestamp(time_ns // _SECOND_NS, UTC):%Y-%m-%d %H:%M:%S}"


def value(of: object) -> str:
    """A config or summary value in a table's cell: numbers to 5 digits, the rest as short JSON."""
    if isinstance(of, bool) or of is None:
        return "" if of is None else str(of).lower()
    if isinstance(of, int):
        return str(of)
    if isinstance(of, float):
        return number(of)
    text = of if isinstance(of, str) else json.dumps(of, ensure_ascii=False)
    return text if len(text) <= 80 else text[:79] + "…"


def number(of: float) -> str:
    """A float to 5 significant digits, without an exponent while that is short."""
    if not math.isfinite(of):
        return {math.inf: "∞", -math.inf: "−∞"}.get(of, "NaN")
    if of == 0 or 1e-4 <= abs(of) < 1e7:
        return f"{of:.5g}" if abs(of) < 1e5 else f"{of:.7g}"
    return f"{of:.4g}"


def _largest_unit(seconds: float) -> str:
    return next(
        unit for limit, unit in ((60, "s"), (3600, "m"), (86400, "h"), (math.inf, "d")) if seconds < limit
    )
