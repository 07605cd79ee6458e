"""The history of a run as it is logged: rows of values, one a step, steps that only grow."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from .values import encode

ROW_MAX_BYTES = 3 << 20  # of one row as JSON; the server takes a little more


class History:
    """Gathers values for the current step; `keep` is called with each complete row and its line of JSON."""

    def __init__(self, keep: Callable[[dict[str, Any], bytes], None], warn: Callable[[str], None]) -> None:
        self._keep = keep
        self._warn = warn
        self._warned = False
        self._mutex = threading.RLock()  # taken again by a signal's function that logs
        self._row: dict[str, Any] = {}
        self._started = time.time()
        self.step = 0  # of the current row

    def log(self, data: Mapping[str, Any], step: int | None, commit: bool | None) -> None:
        """Add values to the current row, or to that of a later `step`; `Run.log` says when it is complete."""
        with self._mutex:
            if step is not None:
                if step < self.step:
                    self._warn_of(step)
                    return
                if step > self.step:
                    self.flush()
                    self.step = step
            self._row.update(data)
            if commit or (commit is None and step is None):
                self._commit()

    def flush(self) -> None:
        """Complete the current row, if there is anything in it."""
        with self._mutex:
            if self._row:
                self._commit()

    def _commit(self) -> None:
        row, self._row = self._row, {}
        now = time.time()
        row["_step"] = self.step
        row["_timestamp"] = now
        row["_runtime"] = now - self._started
        line = encode(row)
        if len(line) > ROW_MAX_BYTES:
            raise ValueError(
                f"a row of {len(line)} bytes is over the limit of {ROW_MAX_BYTES}: save a file instead"
            )
        self.step += 1
        self._keep(row, line)

    def _warn_of(self, step: int) -> None:
        if not self._warned:
            self._warned = True
            self._warn(f"step {step} is below the current step {self.step}: such values are ignored")
