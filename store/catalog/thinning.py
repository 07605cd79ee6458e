"""A history's lines in buckets of equal width, as many as a chart can show. Pure; lines may come bit by bit.

A bucket gives the mean, least and greatest of each key, so a key that is logged rarely is not lost, and
neither is a peak. Widths are powers of two: when there are too many buckets, each two neighbours become one,
and what was read is never read again.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any

from pydantic_core import from_json

STEP_KEY = "_step"  # without it, a line's number is its step
TIME_KEY = "_timestamp"  # seconds since 1970
# How many lines are parsed at once: so long (1 ms) nothing else can have the interpreter.
PARSED_LINES = 250
# Values beyond are left out: sums of them would overflow.
GREATEST = 1e300

Numbers = list[float | None]
_NUMBERS = frozenset({int, float})


@dataclass(slots=True)
class Series:
    """A key's values, one a bucket; None where the bucket has none."""

    mean: Numbers = field(default_factory=list)
    least: Numbers = field(default_factory=list)
    greatest: Numbers = field(default_factory=list)


@dataclass(slots=True)
class Points:
    """The buckets that hold anything: where they stand on the axes, and what each key has there."""

    width: int  # lines in a bucket; 1: nothing was thinned
    line: list[int]  # the first one of each bucket
    step: list[float]
    time: Numbers
    series: dict[str, Series]


class _Column:
    """One key's buckets: how many values, their sum, the least and the greatest."""

    __slots__ = ("count", "greatest", "least", "total")

    def __init__(self) -> None:
        self.count: list[int] = []
        self.total: list[float] = []
        self.least: list[float] = []
        self.greatest: list[float] = []

    def put(self, values: Sequence[object], into_last: bool) -> None:
        """Add a bucket that holds these values, or add them to the last one."""
        good: Sequence[float] = values  # type: ignore[assignment]
        if not _NUMBERS.issuperset(map(type, values)):
            good = [value for value in good if type(value) in _NUMBERS]
        least, greatest = (min(good), max(good)) if good else (0, 0)
        if not (least >= -GREATEST and greatest <= GREATEST):
            good = [value for value in good if -GREATEST <= value <= GREATEST]
            least, greatest = (min(good), max(good)) if good else (0, 0)
        if not into_last:
            self.count.append(len(good))
            self.total.append(sum(good))
            self.least.append(least)
            self.greatest.append(greatest)
        elif good:
            self.least[-1] = min(self.least[-1], least) if self.count[-1] else least
            self.greatest[-1] = max(self.greatest[-1], greatest) if self.count[-1] else greatest
            self.count[-1] += len(good)
            self.total[-1] += sum(good)

    def halve(self) -> None:
        """Make one bucket of each two."""
        pairs = [range(at, min(at + 2, len(self.count))) for at in range(0, len(self.count), 2)]
        filled = [[at for at in pair if self.count[at]] for pair in pairs]
        self.least = [min((self.least[at] for at in pair), default=0) for pair in filled]
        self.greatest = [max((self.greatest[at] for at in pair), default=0) for pair in filled]
        self.total = [sum(self.total[at] for at in pair) for pair in pairs]
        self.count = [sum(self.count[at] for at in pair) for pair in pairs]

    def mean(self, at: int) -> float | None:
        return self.total[at] / self.count[at] if self.count[at] else None


class Thinning:
    """At most `most` points of some keys from the line numbered `first` on, as far as lines were added."""

    def __init__(self, keys: Sequence[str], first: int, most: int, expected: int = 0, apart: int = 1) -> None:
        """With `expected` lines to come buckets are wide enough from the start.

        `apart`: the difference between the numbers of two lines that follow each other.
        """
        self.keys = list(dict.fromkeys(keys))
        self.first = first
        self.lines = 0  # taken so far
        self.width = 1
        self._apart = apart
        self._most = max(1, most)
        while self.width * self._most < expected:
            self.width *= 2
        self._columns = [_Column() for _ in (STEP_KEY, TIME_KEY, *self.keys)]

    def __len__(self) -> int:
        """How many numbers it holds, for whoever limits memory."""
        return 4 * len(self._columns) * len(self._columns[0].count)

    def add(self, lines: Sequence[bytes]) -> None:
        """Take the next lines of the history."""
        for start in range(0, len(lines), PARSED_LINES):
            self._take(parsed(lines[start : start + PARSED_LINES]))

    def points(self) -> Points:
        """The points so far."""
        steps, times, *columns = self._columns
        filled = [at for at in range(len(steps.count)) if any(column.count[at] for column in columns)]
        line = [self.first + at * self.width * self._apart for at in filled]
        found = Points(self.width * self._apart, line, [], [times.mean(at) for at in filled], {})
        for at, number in zip(filled, line, strict=True):
            step = steps.mean(at)
            found.step.append(number if step is None else step)
        for key, column in zip(self.keys, columns, strict=True):
            there = [bool(column.count[at]) for at in filled]
            found.series[key] = Series(
                [column.mean(at) for at in filled],
                [column.least[at] if is_there else None for at, is_there in zip(filled, there, strict=True)],
                [
                    column.greatest[at] if is_there else None
                    for at, is_there in zip(filled, there, strict=True)
                ],
            )
        return found

    def _take(self, documents: list[dict[str, Any]]) -> None:
        raw = columns_of(documents, (STEP_KEY, TIME_KEY, *self.keys))
        at = 0
        while at < len(documents):
            taken = self.lines % self.width
            end = at + self.width - taken
            for column, values in zip(self._columns, raw, strict=True):
                column.put(values[at:end], into_last=taken > 0)
            self.lines += min(end, len(documents)) - at
            at = end
        while len(self._columns[0].count) > self._most:
            self.width *= 2
            for column in self._columns:
                column.halve()


def parsed(lines: Sequence[bytes]) -> list[dict[str, Any]]:
    """Lines as documents; one that is no JSON object is an empty one, so that each line keeps its place."""
    try:
        found: list[Any] = from_json(b"[%b]" % b",".join(lines), allow_inf_nan=False, cache_strings="keys")
        if len(found) != len(lines):
            raise ValueError("a line is not one document")
    except ValueError:
        found = [_parsed_alone(line) for line in lines]
    return [each if type(each) is dict else {} for each in found]


def columns_of(documents: Sequence[dict[str, Any]], keys: Sequence[str]) -> list[Sequence[object]]:
    """What each document has under each key: "a.b" is a name with a dot, or b within a."""
    try:  # most histories have the same names in each line: three times as fast as asking for each
        return list(zip(*map(itemgetter(*keys), documents), strict=True))
    except KeyError:
        return [[_within(document, key) for document in documents] for key in keys]


def number_names(document: dict[str, Any]) -> Iterator[str]:
    """The names under which a document has numbers; "outer.inner" within an object, none in arrays."""
    waiting: list[tuple[str, Iterable[tuple[str, object]]]] = [("", document.items())]
    while waiting:
        prefix, items = waiting.pop()
        for name, value in items:
            if type(value) in _NUMBERS:
                yield prefix + name
            elif isinstance(value, dict):
                waiting.append((f"{prefix}{name}.", value.items()))


def _within(document: dict[str, Any], key: str) -> object:
    value = document.get(key)
    at = key.find(".")
    while value is None and at >= 0:
        inner = document.get(key[:at])
        if isinstance(inner, dict):
            value = _within(inner, key[at + 1 :])
        at = key.find(".", at + 1)
    return value


def _parsed_alone(line: bytes) -> object:
    try:
        return json.loads(line, parse_constant=lambda _: None)
    except (ValueError, RecursionError):
        return None
