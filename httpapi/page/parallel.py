"""Parallel coordinates as SVG: one axis a value, one line a run, coloured by the metric. Pure; no script.

Axes of numbers are linear, or logarithmic when the values are positive and span over two orders of magnitude;
axes of words give each word a place. A run without a value on an axis has a gap there.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from httpapi.page.format import number

WIDTH = 1180
HEIGHT = 340
TOP, BOTTOM, SIDE = 46, 16, 84
SHADES = 7
WORDS_MAX = 12
LABEL_CHARS = 18

Value = float | str | None


@dataclass(frozen=True, slots=True)
class Line:
    """One run: what it is called, where it leads, its value on each axis."""

    title: str
    address: str
    values: Sequence[Value]


def as_svg(axes: Sequence[str], lines: Sequence[Line]) -> str:
    """The picture; the last axis is the metric that gives the colours."""
    scales = [_scale([line.values[i] for line in lines]) for i in range(len(axes))]
    step = (WIDTH - 2 * SIDE) / max(1, len(axes) - 1)
    xs = [SIDE + step * i for i in range(len(axes))]
    box = f'viewBox="0 0 {WIDTH} {HEIGHT}"'
    out = [f'<svg class="parallel" {box} role="group" aria-label="Parallel coordinates">']
    for line in sorted(lines, key=lambda line: _shade(scales[-1], line.values[-1]) != "none"):
        points = [(x, scale.place(value)) for x, scale, value in zip(xs, scales, line.values, strict=True)]
        out.append(_line(line, axes, points, _shade(scales[-1], line.values[-1])))
    for i, (x, name, scale) in enumerate(zip(xs, axes, scales, strict=True)):
        anchor = "start" if i == 0 else "end" if i == len(axes) - 1 else "middle"
        out.append(f'<line class="axis" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{HEIGHT - BOTTOM}"/>')
        out.append(f'<text class="title" x="{x:.1f}" y="18" text-anchor="{anchor}">{_cut(name)}</text>')
        beside = f'x="{x - 7:.1f}" text-anchor="end"' if i == 0 else f'x="{x + 7:.1f}"'
        for label, y in scale.labels:
            out.append(f'<text {beside} y="{y + 4:.1f}">{_cut(label)}</text>')
    out.append("</svg>")
    return "".join(out)


@dataclass(frozen=True, slots=True)
class _Scale:
    """Values to heights: of words by their place, of numbers by their size."""

    words: Sequence[str]
    low: float
    high: float
    logarithmic: bool

    def share(self, value: Value) -> float | None:
        """How far up the axis the value stands, 0 to 1; None for no value on it."""
        if value is None:
            return None
        if self.words:
            text = _word(value)
            return self.words.index(text) / max(1, len(self.words) - 1) if text in self.words else None
        if isinstance(value, str):
            return None
        low, high, at = self.low, self.high, float(value)
        if self.logarithmic:
            low, high, at = math.log10(low), math.log10(high), math.log10(at)
        return (at - low) / (high - low) if high > low else 0.5

    def place(self, value: Value) -> float | None:
        """The value's y in the picture."""
        share = self.share(value)
        return None if share is None else HEIGHT - BOTTOM - share * (HEIGHT - BOTTOM - TOP)

    @property
    def labels(self) -> list[tuple[str, float]]:
        """What stands beside the axis, and at which y."""
        values: list[Value] = list(self.words)
        if not values and math.isfinite(self.low):
            middle = math.sqrt(self.low * self.high) if self.logarithmic else (self.low + self.high) / 2
            values = [self.low, middle, self.high] if self.high > self.low else [self.low]
        return [
            (value if isinstance(value, str) else number(value or 0.0), place)
            for value in values
            if (place := self.place(value)) is not None
        ]


def _scale(values: Sequence[Value]) -> _Scale:
    there = [value for value in values if value is not None]
    if any(isinstance(value, str) for value in there):
        words = sorted({_word(value) for value in there})[:WORDS_MAX]
        return _Scale(words, 0, 0, False)
    numbers = [float(value) for value in there if not isinstance(value, str)]
    if not numbers:
        return _Scale((), math.inf, math.inf, False)
    low, high = min(numbers), max(numbers)
    return _Scale((), low, high, low > 0 and high / low > 100)


def _word(value: float | str) -> str:
    return value if isinstance(value, str) else number(value)


def _shade(scale: _Scale, value: Value) -> str:
    share = scale.share(value)
    return "none" if share is None else str(min(SHADES - 1, int(share * SHADES)))


def _line(line: Line, axes: Sequence[str], points: Sequence[tuple[float, float | None]], shade: str) -> str:
    path, drawing = [], False
    for x, y in points:
        if y is not None:
            path.append(f"{'L' if drawing else 'M'}{x:.1f} {y:.1f}")
        drawing = y is not None
    said = ", ".join(
        f"{name} {_word(value)}" for name, value in zip(axes, line.values, strict=True) if value is not None
    )
    return (
        f'<a href="{escape(line.address)}" aria-label="{escape(line.title)}">'
        f"<title>{escape(line.title)}: {escape(said)}</title>"
        f'<path class="shade-{shade}" d="{" ".join(path)}"/></a>'
    )


def _cut(text: str) -> str:
    return escape(text if len(text) <= LABEL_CHARS else text[: LABEL_CHARS - 1] + "…")
