"""Conditional and range requests (RFC 9110 s13, s14).

Which bytes an answer carries, by header texts alone.
"""

import re
from dataclasses import dataclass

_RANGE = re.compile(r"bytes=(?:(\d{1,19})-(\d{0,19})|-(\d{1,19}))", re.ASCII | re.IGNORECASE)
_TAG = re.compile(r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"')


@dataclass(frozen=True, slots=True)
class Part:
    """The bytes from `start` up to but not including `stop`; the whole file when it is not `partial`."""

    start: int
    stop: int
    partial: bool

    @property
    def count(self) -> int:
        """How many bytes."""
        return self.stop - self.start


class Unsatisfiable(Exception):
    """The range begins at or after the end: status 416."""


def chosen_part(size: int, range_header: str | None, if_range: str | None, etag: str) -> Part:
    """The part of a file of `size` bytes that is asked for.

    A Range that is malformed, of another unit or of several ranges is ignored, as s14.2 allows, and so is one
    whose If-Range names another version. Raises Unsatisfiable.
    """
    whole = Part(0, size, False)
    if range_header is None or (if_range is not None and if_range.strip() != etag):
        return whole
    match = _RANGE.fullmatch(range_header.strip().replace(" ", ""))
    if match is None:
        return whole
    first, last, suffix = match.groups()
    if suffix is not None:
        count = min(int(suffix), size)
        if count == 0:
            raise Unsatisfiable
        return Part(size - count, size, True)
    start = int(first)
    stop = min(int(last) + 1, size) if last else size
    if last and int(last) < start:
        return whole
    if start >= size:
        raise Unsatisfiable
    return Part(start, stop, True)


def tag_matches(header: str | None, etag: str, weak: bool) -> bool:
    """Whether an If-Match or If-None-Match header names `etag` or is "*".

    `weak` compares as If-None-Match does (RFC 9110 s8.8.3.2): W/"x" is as good as "x".
    """
    if header is None:
        return False
    if header.strip() == "*":
        return True
    tags = _TAG.findall(header)
    return any((tag.removeprefix("W/") if weak else tag) == etag for tag in tags)
