"""What the SDK says to the person at the terminal: short lines, and progress where it can be redrawn."""

from __future__ import annotations

import sys

BAR_WIDTH = 24


def say(text: str) -> None:
    """One line on standard error."""
    stream = sys.stderr
    if stream is None:
        return
    try:
        stream.write(f"runfs: {text}\n")
        stream.flush()
    except (OSError, ValueError):
        pass  # a closed standard error is no reason to end a training run


def amount(size: float) -> str:
    """A number of bytes for people: "0 B", "999 B", "1.5 MB"."""
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"


def count(number: int, what: str) -> str:
    """A number of things: "1 file", "3 files"."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


class Progress:
    """One line that is drawn again and again; nothing at all where the stream is not a terminal."""

    def __init__(self) -> None:
        self._stream = sys.stderr
        self._drawn = False
        try:
            self._shown = self._stream is not None and self._stream.isatty()
        except (ValueError, AttributeError):
            self._shown = False

    def show(self, done: int, total: int, text: str) -> None:
        """Draw `done` of `total` bytes."""
        if not self._shown or total <= 0:
            return
        filled = min(BAR_WIDTH, BAR_WIDTH * done // total)
        bar = "#" * filled + "-" * (BAR_WIDTH - filled)
        self._write(f"\rrunfs: [{bar}] {amount(done)} of {amount(total)}, {text}\x1b[K")
        self._drawn = True

    def close(self) -> None:
        """Remove the line."""
        if self._drawn:
            self._write("\r\x1b[K")
            self._drawn = False

    def _write(self, text: str) -> None:
        try:
            self._stream.write(text)
            self._stream.flush()
        except (OSError, ValueError):
            self._shown = False
