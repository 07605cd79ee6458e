"""The keeper's process: started beside the training process, it outlives it until everything is sent.

The training process is at the other end of two pipes. On standard input comes "finish" when the run has ended
as it should; the end of that input, or another parent, means that the training process is gone. On standard
output go reports, one JSON object a line. The server's key comes in the environment and is written nowhere.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from typing import Any

from ..spool import remove, sender_lock
from ..transport import Transport
from .delivery import Refused
from .keeper import Keeper

CRASH_PATIENCE_S = 600.0  # for the server, after the training process was killed: nobody waits
KEY_VARIABLE = "RUNFS_KEEPER_KEY"


class Parent:
    """The training process, as seen from its keeper."""

    def __init__(self, process_id: int) -> None:
        self._process_id = process_id
        self._ended = threading.Event()
        self.finished = False  # it said so
        threading.Thread(target=self._listen, name="parent", daemon=True).start()

    def _listen(self) -> None:
        for line in sys.stdin:
            if line.strip() == "finish":
                self.finished = True
                break
        self._ended.set()

    def writing(self) -> bool:
        """Whether it may still write to the spool."""
        # A forked child of the training process may hold the pipe open; a dead parent is replaced anyway.
        return not self._ended.is_set() and os.getppid() == self._process_id

    def report(self, kind: str, **fields: Any) -> None:
        """Tell it something, if it is still there."""
        line = json.dumps({"is": kind, **fields}, separators=(",", ":")) + "\n"
        try:
            sys.stdout.write(line)
            sys.stdout.flush()
        except (BrokenPipeError, ValueError):
            # Nobody reads any more; the log keeps what matters.
            if kind in ("warning", "unreachable"):
                sys.stderr.write(line)


def main(arguments: list[str]) -> int:
    """Keep the spool `FOLDER` of the process `PARENT`, sending to `URL`: FOLDER PARENT URL PATIENCE_S."""
    folder, process_id, url, patience_s = arguments
    parent = Parent(int(process_id))
    lock = sender_lock(folder)
    if not lock.take():
        parent.report("refused", why="another process is sending this run")
        return 1
    transport = Transport(url, os.environ.pop(KEY_VARIABLE, None), connections=16)
    keeper = Keeper(
        folder,
        transport,
        parent.report,
        parent.writing,
        lambda: float(patience_s) if parent.finished else CRASH_PATIENCE_S,
    )
    try:
        keeper.work()
    except Refused as error:
        parent.report("refused", why=str(error))
        return 1
    outcome = keeper.outcome()
    if outcome["complete"]:
        remove(folder)
    parent.report("done", **outcome)
    return 0
