"""How many bytes of files have gone to the server, for showing progress."""

from __future__ import annotations

import threading


class Meter:
    """A count that any thread may add to."""

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self.bytes = 0

    def add(self, size: int) -> None:
        """The server took `size` more bytes."""
        with self._mutex:
            self.bytes += size
