"""What is counted of calls: how many ended in which way, and the time they took."""

from collections.abc import Iterator


class Tally:
    """Calls of one procedure that ended in one way."""

    __slots__ = ("calls", "seconds")

    def __init__(self) -> None:
        self.calls = 0
        self.seconds = 0.0


class Tallies:
    """All tallies, by program number, procedure name and status.

    A status is OK, the name of a failure's discriminant, or that of an RPC refusal. Whoever counts may keep a
    tally at hand: it stays the same.
    """

    def __init__(self) -> None:
        self._tallies: dict[tuple[int, str, str], Tally] = {}

    def of(self, program: int, procedure: str, status: str) -> Tally:
        """The tally for calls that ended so."""
        key = (program, procedure, status)
        tally = self._tallies.get(key)
        if tally is None:
            tally = self._tallies[key] = Tally()
        return tally

    def __iter__(self) -> Iterator[tuple[int, str, str, Tally]]:
        """Program, procedure, status and tally of everything that was called, in that order."""
        return ((*key, self._tallies[key]) for key in sorted(self._tallies) if self._tallies[key].calls)
