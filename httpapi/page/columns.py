"""Which columns of summary and config the runs table shows, and how they are remembered.

A column is called "summary.KEY" or "config.KEY". The choice is in the address, so a link shows what was
chosen, and in a cookie for the next visit.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import quote, unquote

from store.catalog.rows import Run

DEFAULT_COLUMNS = 4
COLUMNS_MAX = 30
CHOICES_MAX = 200
COOKIE_BYTES_MAX = 2000
PARTS = ("summary", "config")


def choices(runs: Iterable[Run], chosen: Sequence[str]) -> list[str]:
    """What can be chosen: the plain values that any of these runs has, and what is chosen already."""
    found = dict.fromkeys(chosen)
    for run in runs:
        for part in PARTS:
            for key, value in document(run, part).items():
                if not isinstance(value, dict | list) and not key.startswith("_"):
                    found[f"{part}.{key}"] = None
    order = {part: number for number, part in enumerate(PARTS)}
    return sorted(found, key=lambda column: (order.get(column.partition(".")[0], 9), column))[:CHOICES_MAX]


def default(runs: Iterable[Run]) -> list[str]:
    """What is shown until someone chooses: the first few numbers in the summaries."""
    found: dict[str, None] = {}
    for run in runs:
        for key, value in document(run, "summary").items():
            if isinstance(value, int | float) and not isinstance(value, bool) and not key.startswith("_"):
                found[f"summary.{key}"] = None
    return list(found)[:DEFAULT_COLUMNS]


def valid(columns: Iterable[str]) -> list[str]:
    """Those of the names that are columns, each once."""
    kept = (name for name in columns if name.partition(".")[0] in PARTS and name.partition(".")[2])
    return list(dict.fromkeys(kept))[:COLUMNS_MAX]


def cell(run: Run, column: str) -> Any:
    """What a run has in a column; None for nothing."""
    part, _, key = column.partition(".")
    return document(run, part).get(key)


def document(run: Run, part: str) -> Mapping[str, Any]:
    """A run's summary or config."""
    parsed = json.loads(run.summary if part == "summary" else run.config)
    return parsed if isinstance(parsed, dict) else {}


def as_cookie(columns: Sequence[str]) -> str | None:
    """The choice as a cookie's value; None when it is too long for one."""
    text = ",".join(quote(column, safe="") for column in columns) or "-"
    return text if len(text) <= COOKIE_BYTES_MAX else None


def from_cookie(text: str | None) -> list[str] | None:
    """The choice that a cookie holds; None without one."""
    if not text:
        return None
    return [] if text == "-" else valid(unquote(part) for part in text.split(","))
