"""Peers that could not be started, or failed on the way: left out and told, never the end of a bench."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator, Sequence

from benches.daemons import BenchError
from benches.report import OWN, Row

FAILURES = (BenchError, OSError, subprocess.SubprocessError)


class Absences:
    """Who is missing, and why."""

    def __init__(self) -> None:
        self.reasons: dict[str, str] = {}

    @contextlib.contextmanager
    def excused(self, name: str) -> Iterator[None]:
        """What fails in the block fails for this peer alone: from then on it is missing. Ours never is."""
        try:
            yield
        except FAILURES as error:
            if name.startswith(OWN):
                raise
            self.reasons[name] = str(error)
            print(f"bench: going on without {name}: {error}", file=sys.stderr)

    def __contains__(self, name: object) -> bool:
        return name in self.reasons

    def notes(self) -> dict[str, str]:
        """For below the table."""
        return {f"without {name}": reason for name, reason in self.reasons.items()}

    def strike(self, rows: Sequence[Row]) -> list[Row]:
        """The rows without what missing peers did before they failed: half a contest is no ratio."""
        for row in rows:
            for name in self.reasons:
                row.rounds.pop(name, None)
                row.details.pop(name, None)
        return [row for row in rows if row.rounds]
