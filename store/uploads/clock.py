"""The time by which things fall due: the wall clock's, but that its leaps ahead do not count at once.

When the clock is set, or the machine sleeps, hours pass at once: every run would be silent too long, every
reader's grace over, every upload expired, before anybody could say a word. So what a leap was is taken off
again until all that was under way at the leap had its time by a clock that cannot be set. A clock that is set
back needs no such care: things fall due later.
"""

import time
from collections.abc import Callable

LEAP_NS = 10 * 10**9  # less is how clocks are corrected, and late rounds


class SteadyClock:
    """Time since 1970 in nanoseconds; `patience_s` is how long a leap is taken off."""

    def __init__(
        self,
        patience_s: float,
        wall_ns: Callable[[], int] = time.time_ns,
        steady_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self._patience_ns = int(patience_s * 1e9)
        self._wall_ns = wall_ns
        self._steady_ns = steady_ns
        self._seen = wall_ns(), steady_ns()
        self._ahead_ns = 0
        self._until_ns = 0

    def look(self) -> None:
        """Compare the two clocks. To be called again and again, a leap is only seen between two calls."""
        wall, steady = self._wall_ns(), self._steady_ns()
        leap = (wall - self._seen[0]) - (steady - self._seen[1])
        self._seen = wall, steady
        if steady >= self._until_ns:
            self._ahead_ns = 0
        if leap > LEAP_NS:
            self._ahead_ns += leap
            self._until_ns = steady + self._patience_ns

    def now_ns(self) -> int:
        """The time by which things fall due."""
        return self._wall_ns() - self._ahead_ns
