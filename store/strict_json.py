"""JSON as we keep and serve it: strict, keys sorted, no spaces, valid UTF-8.

Training scripts log NaN and infinities, which JSON has not. They are kept as the strings "NaN", "Infinity"
and "-Infinity": every JSON reader takes them, and a float() of them gives the number back.
"""

import json
import math
from typing import Any

from store.errors import Refused


def dumps(value: Any) -> str:
    """The value as strict JSON. Refused for what JSON cannot hold."""
    try:
        try:
            text = _ENCODER.encode(value)
        except ValueError:  # a NaN or an infinity somewhere: rare, so only then is the value walked
            text = _ENCODER.encode(_finite(value))
    except (TypeError, ValueError, RecursionError) as error:
        raise Refused(f"this is not JSON: {error}") from error
    # A lone surrogate is no UTF-8. Inside a JSON string its escape says the same.
    return text.encode("utf-8", "backslashreplace").decode()


def loads(text: str | bytes) -> Any:
    """The value of a JSON document, also of one with bare NaN and Infinity in it. Refused when it is none."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Refused(f"this is not JSON: {error}") from error


_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"))


def _finite(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return value
