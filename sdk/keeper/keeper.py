"""The keeper's life: send one spool until all of it is there, through outages, with patience that ends.

The same code runs beside a training process and, later, in `sync`.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from typing import Any

from ..errors import Absent, ServerError, Unreachable
from ..spool import ledger_folder
from ..transport import Transport
from .delivery import Delivery, Refused
from .ledger import Ledger
from .meter import Meter
from .patience import Patience

POLL_S = 0.1
SEND_EVERY_S = 0.3  # lines that come in between are sent together
PAUSE_FIRST_S = 0.5
PAUSE_MAX_S = 10.0
PROGRESS_S = 0.3
LEAVES_S = 10.0  # for requests that are under way at the end; what hangs longer is waited for elsewhere
LINES = ""  # the name for patience of everything but files, whose names are their paths
DISK = "\0"  # and of the disk that the ledger is on
Report = Callable[..., None]


class Keeper:
    """Sends one spool.

    `writing` says whether the spool may still grow, `patience_s` for how long a silent server is waited for
    once it does not. `report` takes ready (run), unreachable (why), reachable, warning (text), progress (see
    `outcome`).
    """

    def __init__(
        self,
        folder: str,
        transport: Transport,
        report: Report,
        writing: Callable[[], bool],
        patience_s: Callable[[], float],
    ) -> None:
        self._report = report
        self._writing = writing
        self._patience = Patience(patience_s)
        self._meter = Meter()
        self._ledger = Ledger(ledger_folder(folder))
        self._delivery = Delivery(
            folder, self._ledger, transport, self._meter, self._patience, self._heard, report
        )
        self._stop = threading.Event()
        self._ready = False
        self._pause_s = 0.0
        self._ending = False
        self._impatient = False
        self._told_at = 0.0
        self._trouble: str | None = None
        self._disk_trouble: str | None = None

    def work(self) -> None:
        """Go on until everything is sent, or the run and patience with the server have ended: see `outcome`.

        Refused, if the server will not have the run at all, or the spool holds none; Gone, if the server has
        it no more.
        """
        try:
            while not self._stop.is_set():
                # Asked before reading, so that everything that was written before its end is read.
                writing = self._writing()
                if not writing and not self._ending:
                    self._ending = True
                    self._patience.limit()
                wait_s = self._turn(writing)
                if wait_s is None or self._impatient:
                    return
                self._wait(wait_s, writing)
        finally:
            self._delivery.stop()
            self._ledger.close()

    def check_there(self) -> None:
        """Gone if the server has the run no more, which it had; nothing is said of a server that is away."""
        with contextlib.suppress(Unreachable, ServerError):
            self._delivery.check_there()

    def when_left(self, then: Callable[[], None]) -> None:
        """Call `then` once nothing is under way that `work` began: soon, or in a thread that waits for it."""
        if self._delivery.left(LEAVES_S):
            then()
            return

        def wait() -> None:
            self._delivery.left(None)
            then()

        threading.Thread(target=wait, name="leaving", daemon=True).start()

    def stop(self) -> None:
        """Leave `work` soon; may be called from any thread."""
        self._stop.set()

    def _wait(self, wait_s: float, writing: bool) -> None:
        """Wait, but no longer than until the training process ends."""
        until = time.monotonic() + wait_s
        while (left := until - time.monotonic()) > 0 and not self._stop.wait(min(left, POLL_S)):
            if writing and not self._writing():
                return

    def _turn(self, writing: bool) -> float | None:
        """Do what can be done now; seconds until the next turn, or None when all is done."""
        try:
            wait_s = self._advance(writing)
        except (Unreachable, ServerError) as error:
            return self._unreachable(error, writing)
        except OSError as error:
            return self._without_disk(error)
        self._patience.worked(DISK)
        self._disk_trouble = None
        return wait_s

    def _without_disk(self, error: OSError) -> float:
        """The disk is full, or fails: what could not be noted is done again, which is harmless."""
        self._impatient = self._patience.failed(DISK)
        if self._disk_trouble is None:
            self._disk_trouble = f"how far sending has come cannot be kept on disk: {error.strerror}"
            self._report("warning", text=f"{self._disk_trouble}; it is tried again")
        return PAUSE_FIRST_S

    def _advance(self, writing: bool) -> float | None:
        try:
            if self._delivery.begin():
                self._say_ready()
                worked = self._delivery.deliver()
                self._delivery.patch()
                self._delivery.heartbeat()
                if worked:
                    return SEND_EVERY_S if writing else 0.0
                if self._ledger.finish is None and not writing:
                    self._ledger.note(finish={"exit_code": None, "state": "crashed"})
                if self._ledger.finish is not None and self._delivery.end():
                    return None
            elif not writing:
                raise Refused("no run was kept: the disk was full, or it lost the first record")
        except Absent:
            self._delivery.check_there()
            raise
        if self._ledger.finish is not None:
            self._tell_progress()
        return POLL_S

    def _say_ready(self) -> None:
        if not self._ready:
            self._ready = True
            self._report("ready", run=self._ledger.run)

    def _heard(self) -> None:
        """The server answered as it should."""
        self._patience.worked(LINES)
        if self._pause_s:
            self._pause_s = 0.0
            self._trouble = None
            self._report("reachable")
            self._delivery.hurry()

    def _unreachable(self, error: Exception, writing: bool) -> float:
        self._impatient = self._patience.failed(LINES)
        if not self._pause_s:
            self._report("unreachable", why=str(error))
        # A refusal of what was allowed before (a revoked key) is waited out too.
        self._trouble = str(error)
        longest = PAUSE_MAX_S if writing else PAUSE_FIRST_S
        self._pause_s = min(longest, self._pause_s * 2 or PAUSE_FIRST_S)
        return self._pause_s

    def _tell_progress(self) -> None:
        if time.monotonic() - self._told_at >= PROGRESS_S:
            self._told_at = time.monotonic()
            self._report("progress", **self.outcome())

    def outcome(self) -> dict[str, Any]:
        """How far it has come: counts of files, paths and reasons of those given up, and the last trouble."""
        files = list(self._ledger.files.values())
        uploads = self._delivery.uploads
        bundles = list(self._ledger.bundles.values())
        failed = [[tracked.path, tracked.failed, tracked.vanished] for tracked in files if tracked.failed]
        failed += [[f"artifact {bundle.name}", bundle.failed, False] for bundle in bundles if bundle.failed]
        pending = [t.path for t in files if t.wanted or (t.policy == "end" and not t.sent and not t.failed)]
        pending += [f"artifact {bundle.name}" for bundle in bundles if bundle.pending]
        done = self._ledger.closed and not pending and all(vanished for _, _, vanished in failed)
        return {
            "complete": done,  # nothing is left that could still be sent
            "run": self._ledger.run,
            "closed": self._ledger.closed,
            "files_sent": sum(tracked.sent is not None for tracked in files),
            "files_pending": pending,
            "bytes_taken": self._meter.bytes,
            "bytes_pending": sum(tracked.size for tracked in files if tracked.wanted),
            "failed": failed,
            "trouble": self._disk_trouble or self._trouble or (uploads.last_trouble if uploads else None),
        }
