"""Folding: many records of a spool become the few things that are sent.

Lines are gathered, changes of config and summary are merged key by key, and every history line also changes
the summary: the summary is the last value of each key, unless the script sets it itself.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ..spool import Kind
from ..values import encode

SUMMARY_VALUE_BYTES = 4096  # of one value as JSON
SUMMARY_DEPTH = 16  # of containers in one value
PATCH_BYTES = 512 << 10  # of one request; the server takes twice as much
# Objects of a run that are patched key by key, each with the list of keys to take away; other fields are
# replaced.
MERGED = {"config": "config_remove", "summary": "summary_remove"}


@dataclass(slots=True)
class Batch:
    """What some records of a spool come to."""

    history: list[bytes] = field(default_factory=list)  # each a JSON object
    console: list[str] = field(default_factory=list)
    patch: dict[str, Any] = field(default_factory=dict)
    events: list[dict[str, Any]] = field(default_factory=list)  # run, save, artifact, finish: in order


def fold(payloads: list[bytes]) -> Batch:
    """The batch that payloads, as the spool's reader gives them, come to."""
    batch = Batch()
    for payload in payloads:
        kind, content = payload[:1], payload[1:]
        if kind == Kind.HISTORY:
            batch.history.append(content)
            merge(batch.patch, {"summary": _summarised(content)})
        elif kind == Kind.CONSOLE:
            batch.console.append(content.decode("utf-8", "replace"))
        else:
            event = json.loads(content)
            if event["event"] == "update":
                merge(batch.patch, {name: value for name, value in event.items() if name != "event"})
            else:
                batch.events.append(event)
    return batch


def _summarised(line: bytes) -> dict[str, Any]:
    """What the summary takes of a line: long values stay in the history alone."""
    row: dict[str, Any] = json.loads(line)
    if len(line) <= SUMMARY_VALUE_BYTES and line.count(b"[") + line.count(b"{") <= SUMMARY_DEPTH:
        return row
    return {key: value for key, value in row.items() if _is_brief(value)}


def _is_brief(value: Any) -> bool:
    return len(encode(value)) <= SUMMARY_VALUE_BYTES and not _deeper(value, SUMMARY_DEPTH)


def _deeper(value: Any, depth: int) -> bool:
    """Whether containers are nested more than `depth` deep."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return any(_deeper(each, depth - 1) for each in inner) if depth > 0 else isinstance(value, dict | list)


def pieces(patch: dict[str, Any], max_bytes: int = PATCH_BYTES) -> Iterator[dict[str, Any]]:
    """Patches of about `max_bytes` at most, which together do what `patch` does."""
    keyed = {*MERGED, *MERGED.values()}
    piece: dict[str, Any] = {name: value for name, value in patch.items() if name not in keyed}
    size = len(encode(piece))
    for name in MERGED.values():
        for key in patch.get(name, ()):
            if piece and size + len(encode(key)) > max_bytes:
                yield piece
                piece, size = {}, 0
            piece.setdefault(name, []).append(key)
            size += len(encode(key))
    for name in MERGED:
        for key, value in patch.get(name, {}).items():
            more = len(encode({key: value}))
            if piece and size + more > max_bytes:
                yield piece
                piece, size = {}, 0
            piece.setdefault(name, {})[key] = value
            size += more
    if piece:
        yield piece


def merge(patch: dict[str, Any], later: dict[str, Any]) -> None:
    """Change `patch` into one that does what it did and then what `later` does."""
    for name, removed in MERGED.items():
        for key in later.get(removed, ()):
            patch.get(name, {}).pop(key, None)
            if key not in patch.setdefault(removed, []):
                patch[removed].append(key)
    for name, value in later.items():
        if name in MERGED:
            patch.setdefault(name, {}).update(value)
            if gone := patch.get(MERGED[name]):
                patch[MERGED[name]] = [key for key in gone if key not in value]
        elif name not in MERGED.values():
            patch[name] = value
