"""Console capture: lines that the script writes to stdout and stderr, also kept for output.log.

The stream's own `write` goes first and its result is returned: what the user sees does not change, and a
failure here never reaches the script. Output of other processes and of C libraries does not pass through.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from typing import Any

LINE_MAX = 16 << 10  # characters; the rest of a longer line is cut off
UNFINISHED_MAX = 64 << 10  # characters kept of a line that does not end


class Lines:
    """Puts written pieces together to lines, as a terminal would show them in the end.

    After a carriage return the line begins anew, so a progress bar leaves its last state.
    """

    def __init__(self, keep: Callable[[str], None]) -> None:
        self._keep = keep
        self._open = ""

    def write(self, text: str) -> None:
        """Take a piece of output; complete lines are kept."""
        *complete, self._open = (self._open + text).replace("\r\n", "\n").split("\n")
        for line in complete:
            self._keep(_shown(line))
        if len(self._open) > UNFINISHED_MAX:
            held_return = "\r" if self._open.endswith("\r") else ""
            self._open = self._open.rstrip("\r").rpartition("\r")[2][:LINE_MAX] + held_return

    def close(self) -> None:
        """Keep what was written after the last newline."""
        if self._open:
            self._keep(_shown(self._open))
            self._open = ""


def _shown(line: str) -> str:
    return line.rstrip("\r").rpartition("\r")[2][:LINE_MAX]


class Capture:
    """While started, gives every line written to sys.stdout and sys.stderr to `keep` as well."""

    def __init__(self, keep: Callable[[str], None]) -> None:
        self._keep = keep
        self._inside = threading.local()
        self._undo: list[Callable[[], None]] = []
        self._watching = True

    def start(self) -> None:
        """Begin; a stream that cannot be watched is left alone."""
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                self._watch(stream)

    def stop(self) -> None:
        """End, and keep the unfinished lines."""
        while self._undo:
            self._undo.pop()()

    def let_go(self) -> None:
        """In a forked child: keep nothing, and wait for no thread that only the parent has."""
        self._watching = False

    def _watch(self, stream: Any) -> None:
        lines = Lines(self._keep)
        mutex = threading.Lock()
        original = stream.write

        def write(text: Any) -> Any:
            result = original(text)
            if self._watching and not getattr(self._inside, "writing", False) and isinstance(text, str):
                self._inside.writing = True
                try:
                    with mutex:
                        lines.write(text)
                except Exception:  # keeping output must never break printing
                    pass
                finally:
                    self._inside.writing = False
            return result

        try:
            stream.write = write
        except (AttributeError, TypeError):
            return

        def undo() -> None:
            if vars(stream).get("write") is write:
                del stream.write
            lines.close()

        self._undo.append(undo)
