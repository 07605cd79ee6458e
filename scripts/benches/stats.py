"""From rounds to one figure: medians, ratios inside a round, and whether a bound is kept. No I/O."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Literal

Better = Literal["more", "less"]
Verdict = Literal["want", "bound", "short", ""]


def quantile(values: Sequence[float], q: float) -> float:
    """The value below which a share `q` (0 to 1) of the values lies; between two, in proportion."""
    if not values:
        raise ValueError("no values")
    ordered = sorted(values)
    place = q * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """The median of ours/theirs, round by round: a round's noise is in both. ValueError: unequal rounds."""
    if len(ours) != len(theirs) or not ours:
        raise ValueError(f"{len(ours)} rounds of ours against {len(theirs)} of theirs")
    return median(mine / other for mine, other in zip(ours, theirs, strict=True))


@dataclass(frozen=True, slots=True)
class Aim:
    """What a figure, or its ratio to a peer's, should be: at least (more) or at most (less)."""

    peer: str | None
    bound: float | None
    want: float | None
    better: Better = "more"

    def verdict(self, figure: float) -> Verdict:
        """Which limit is kept: "want", only "bound", or "short" of both; "" if there is none."""
        if self.want is not None and self._keeps(figure, self.want):
            return "want"
        if self.bound is not None:
            return "bound" if self._keeps(figure, self.bound) else "short"
        return "short" if self.want is not None else ""

    def _keeps(self, figure: float, limit: float) -> bool:
        return figure >= limit if self.better == "more" else figure <= limit

    def __str__(self) -> str:
        sign = ">=" if self.better == "more" else "<="
        limits = [f"{limit:g}" for limit in (self.bound, self.want) if limit is not None]
        return f"{sign} {' / '.join(limits)}"


@dataclass(frozen=True, slots=True)
class Judged:
    """An aim and the figure that was measured for it."""

    aim: Aim
    figure: float

    @property
    def verdict(self) -> Verdict:
        """As `Aim.verdict`."""
        return self.aim.verdict(self.figure)


def judge(aims: Sequence[Aim], rounds: dict[str, list[float]], own: str = "runfs") -> list[Judged]:
    """Each aim with its figure, from servers' values by round; without aims whose peer was not measured."""
    judged = []
    for aim in aims:
        if aim.peer is None:
            judged.append(Judged(aim, median(rounds[own])))
        elif rounds.get(aim.peer):
            judged.append(Judged(aim, ratio(rounds[own], rounds[aim.peer])))
    return judged
