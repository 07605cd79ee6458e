"""Clocks that are set, and machines that sleep."""

from store.uploads.clock import SteadyClock

SECOND = 10**9
HOUR = 3600 * SECOND


class Clocks:
    """A wall clock that can be set, and one that cannot."""

    def __init__(self) -> None:
        self.wall, self.steady = 1000 * HOUR, 5 * HOUR
        self.clock = SteadyClock(3600.0, lambda: self.wall, lambda: self.steady)

    def pass_(self, seconds: int, leap: int = 0) -> int:
        """Time passes, the wall clock leaps, a round is made: what time is it?"""
        self.wall += (seconds + leap) * SECOND
        self.steady += seconds * SECOND
        self.clock.look()
        return self.clock.now_ns() - 1000 * HOUR


def test_time_passes() -> None:
    clocks = Clocks()
    assert clocks.pass_(30) == 30 * SECOND
    assert clocks.pass_(7200) == 7230 * SECOND  # a round may come late
    assert clocks.pass_(30, leap=9) == 7269 * SECOND  # so clocks are corrected


def test_a_leap_ahead_counts_when_all_had_their_time() -> None:
    clocks = Clocks()
    assert clocks.pass_(30, leap=86_400) == 30 * SECOND
    assert clocks.pass_(30, leap=3600) == 60 * SECOND
    assert clocks.pass_(3599) == 3659 * SECOND
    assert clocks.pass_(1) == 3660 * SECOND + 25 * HOUR


def test_a_clock_that_is_set_back_is_believed() -> None:
    clocks = Clocks()
    assert clocks.pass_(30, leap=-3600) == 30 * SECOND - HOUR
    assert clocks.pass_(30) == 60 * SECOND - HOUR
