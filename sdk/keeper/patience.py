"""Patience with a server that fails: endless while the run goes on, limited once it has ended."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class Patience:
    """Notes since when something fails; any number of things, each by its name, from any thread."""

    def __init__(self, limit_s: Callable[[], float]) -> None:
        self._limit_s = limit_s
        self._mutex = threading.Lock()
        self._since: dict[str, float] = {}
        self._limited = False

    def limit(self) -> None:
        """From now on patience ends; what fails already is given its time from now."""
        with self._mutex:
            self._limited = True
            self._since.clear()

    def failed(self, what: str) -> bool:
        """It failed, again or for the first time; whether patience with it is over."""
        with self._mutex:
            since = self._since.setdefault(what, time.monotonic())
            return self._limited and time.monotonic() - since >= self._limit_s()

    def worked(self, what: str) -> None:
        """It worked."""
        with self._mutex:
            self._since.pop(what, None)
