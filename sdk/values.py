"""Values as JSON: what a script logs or configures, as the strict JSON that the server keeps.

JSON has no NaN and no infinities: they become the strings "NaN", "Infinity" and "-Infinity". Numbers and
arrays of other libraries are recognised by their methods `item` and `tolist`, never by importing them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

ARRAY_MAX = 10_000  # elements of one array that are kept as a list; a larger one is described in words
TEXT_MAX = 2_000  # characters kept of an object that has no form in JSON
DEPTH_MAX = 64
INTEGER_BITS_MAX = 4096  # Python itself prints no number of many more


def plain(value: Any, depth: int = 0) -> Any:
    """`value` made of dict, list, str, int, finite float, bool and None alone."""
    if value is None or value is True or value is False:
        return value
    kind = type(value)
    if kind is str:
        return value if value.isascii() else value.encode("utf-8", "replace").decode()
    if kind is int:
        return value if value.bit_length() <= INTEGER_BITS_MAX else hex(value)
    if isinstance(value, float):
        return _number(float(value))
    if isinstance(value, int):  # also enumerations of numbers
        return int(value)
    if isinstance(value, str):
        return plain(str.__str__(value))
    if depth >= DEPTH_MAX:
        return _text(value)
    if isinstance(value, dict):
        return {plain(str(key)): plain(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item, depth + 1) for item in value]
    return plain(foreign(value), depth + 1)


def foreign(value: Any) -> Any:
    """An object of another library as something nearer to JSON; text where there is no such thing."""
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, set | frozenset):
        return sorted(value, key=repr)
    shape = getattr(value, "shape", None)
    if shape is not None and hasattr(value, "tolist"):
        elements = 1
        for length in shape:
            elements *= int(length)
        if elements <= ARRAY_MAX:
            listed = value.tolist()
            return _text(value) if type(listed) is type(value) else listed
        return f"<array of shape {tuple(int(length) for length in shape)}>"
    if hasattr(value, "item") and not isinstance(value, type):
        try:
            item = value.item()
        except (TypeError, ValueError, RuntimeError):
            return _text(value)
        return _text(value) if type(item) is type(value) else item
    if hasattr(value, "isoformat"):
        return value.isoformat()
    if hasattr(value, "__fspath__"):
        return str(value)
    if hasattr(value, "__dataclass_fields__") and not isinstance(value, type):
        return {name: getattr(value, name) for name in value.__dataclass_fields__}
    return _text(value)


def encode(value: Any) -> bytes:
    """`value` as one line of strict JSON without the newline; fast where it is plain already."""
    try:
        return _FAST(value).encode()
    except (ValueError, TypeError, RecursionError, UnicodeEncodeError):
        return _FAST(plain(value)).encode()


def _number(value: float) -> float | str:
    if value != value:
        return "NaN"
    if value in (float("inf"), float("-inf")):
        return "Infinity" if value > 0 else "-Infinity"
    return value


def _text(value: Any) -> str:
    return str(value)[:TEXT_MAX].encode("utf-8", "replace").decode()


# allow_nan=False makes the fast path fail on NaN and infinities, so that `plain` names them; `foreign` is
# asked for what the encoder does not know.
_FAST = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=foreign).encode
