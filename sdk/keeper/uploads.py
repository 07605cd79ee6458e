"""Uploads: which saved files are to be sent now, and the threads that send them.

A file is wanted when it is saved, when a live one changes, and, with policy "end", when the run ends. A
failure that may pass is tried again after a pause; a refusal is kept with its reason, and said.
"""

from __future__ import annotations

import contextlib
import heapq
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from ..errors import Error, Unreachable
from .ledger import Ledger, Sent, Tracked
from .parcels import Outcome, next_together
from .patience import Patience
from .subject import Unstable, Vanished, still_as_sent

THREADS = 8
RETRY_FIRST_S = 0.5
RETRY_MAX_S = 20.0
UNSTABLE_TRIES = (
    6  # of a file that keeps changing; then it is left until the run ends, and after that it failed
)
WATCH_S = 0.25
WATCH_SHARE = 20  # looking at the live files may take one twentieth of the time

Send = Callable[[Tracked, Callable[[], None]], Sent]
SendTogether = Callable[[Sequence[Tracked]], list[Outcome]]


class Uploads:
    """The files of one run and the threads that send them; its methods may be called from any thread."""

    def __init__(
        self,
        ledger: Ledger,
        send: Send,
        send_together: SendTogether,
        warn: Callable[[str], None],
        patience: Patience,
        threads: int = THREADS,
    ) -> None:
        self._ledger = ledger
        self._send = send
        self._send_together = send_together
        self._warn = warn
        self._patience = patience
        self._change = threading.Condition()
        self._ready: deque[Tracked] = deque()
        self._queued: set[str] = set()
        self._active: set[str] = set()
        self._again: set[str] = set()  # wanted once more while they are being sent
        self._later: list[tuple[float, str]] = []
        self._pauses: dict[str, int] = {}  # attempts that the server could not take, in a row
        self._changes: dict[str, int] = {}  # attempts during which the file changed, in a row
        self._stopping = False
        self._ending = False
        self.last_trouble: str | None = None  # why the server could not take the last file that waits
        self._threads = [
            threading.Thread(target=self._work, name=f"upload-{n}", daemon=True) for n in range(threads)
        ]
        self._threads.append(threading.Thread(target=self._watch, name="watch", daemon=True))
        self._want(tracked.path for tracked in ledger.files.values() if tracked.wanted)
        for thread in self._threads:
            thread.start()

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Inside the block no file becomes done: one that is saved again while it is sent stays wanted."""
        with self._change:
            yield

    def add(self, files: Iterable[Tracked]) -> None:
        """Take files that were saved; the caller has noted them in the ledger."""
        self._want(tracked.path for tracked in files if tracked.wanted)

    def end(self) -> None:
        """The run ends: send what has policy "end", and whatever is not known to be as it was sent.

        A second end, of a later sync, only tries again what failed: files may have gone on to other uses.
        """
        self._ending = True
        first = not self._ledger.ended
        files = list(self._ledger.files.values())
        wanted = [t for t in files if (t.failed and not t.vanished) or (first and _wanted_at_end(t))]
        for tracked in wanted:
            tracked.wanted, tracked.failed = True, None
        self._note(wanted, ended=True)
        self._changes.clear()
        self._want(tracked.path for tracked in wanted)
        self.hurry()

    def hurry(self) -> None:
        """The server answers again: do not wait out the pauses."""
        with self._change:
            self._later = [(0.0, path) for _, path in self._later]
            self._change.notify_all()

    def idle(self) -> bool:
        """Whether nothing is being sent, and nothing waits to be."""
        with self._change:
            return not (self._ready or self._active or self._later)

    def stop(self) -> None:
        """Begin nothing more; what is under way may go on until the process ends, see `left`."""
        with self._change:
            self._stopping = True
            self._change.notify_all()

    def left(self, timeout_s: float | None) -> bool:
        """Whether after `stop` nothing is under way any more, or ends in time (None: wait for it)."""
        with self._change:
            return self._change.wait_for(lambda: not self._active, timeout_s)

    def _want(self, paths: Iterable[str]) -> None:
        with self._change:
            for path in paths:
                self._ledger.files[path].wanted = True
                if path in self._active:
                    self._again.add(path)
                else:
                    self._queue(path)
            self._change.notify_all()

    def _queue(self, path: str) -> None:
        if path not in self._queued:
            self._queued.add(path)
            self._ready.append(self._ledger.files[path])

    def _next(self) -> list[Tracked]:
        """The next file to send, or small files that go together, when there are any; empty: time to stop.

        Never one that is being sent.
        """
        with self._change:
            while not self._stopping:
                now = time.monotonic()
                while self._later and self._later[0][0] <= now and self._later[0][1] not in self._active:
                    self._ready.append(self._ledger.files[heapq.heappop(self._later)[1]])
                if taken := next_together(self._ready):
                    for tracked in taken:
                        self._queued.discard(tracked.path)
                        self._active.add(tracked.path)
                    return taken
                due, path = self._later[0] if self._later else (None, None)
                # What failed a moment ago counts as being sent until its thread is done with it, and says so.
                self._change.wait(None if due is None or path in self._active else max(0.0, due - now))
        return []

    def _done(self, tracked: Tracked) -> None:
        """Nothing more is to be done for the file now, unless it was wanted once more meanwhile.

        Until this is noted it is wanted, so that whoever comes after a crash sends it.
        """
        with self._change:
            tracked.wanted = tracked.path in self._again
        self._note([tracked])

    def _note(self, files: Sequence[Tracked], **changed: Any) -> None:
        """Keep the state of files. A disk that does not take it costs work after a crash, and no data."""
        with contextlib.suppress(OSError):
            self._ledger.note_files(files, **changed)

    def _work(self) -> None:
        while taken := self._next():
            try:
                for tracked, outcome in zip(taken, self._outcomes(taken), strict=True):
                    self._settle(tracked, outcome)
            finally:
                with self._change:
                    for tracked in taken:
                        self._active.discard(tracked.path)
                        if tracked.path in self._again:
                            self._again.discard(tracked.path)
                            self._queue(tracked.path)
                    self._change.notify_all()

    def _outcomes(self, taken: Sequence[Tracked]) -> Sequence[Outcome]:
        try:
            if len(taken) > 1:
                return self._send_together(taken)
            return [self._send(taken[0], lambda: self._note(taken))]
        except Exception as error:  # also a bug of ours: it must not lose the file, nor go unsaid
            return [error] * len(taken)

    def _settle(self, tracked: Tracked, outcome: Outcome) -> None:
        if isinstance(outcome, Sent):
            self._sent(tracked, outcome)
        elif isinstance(outcome, Unreachable):
            self.last_trouble = str(outcome)
            if not self._patience.failed(tracked.path):  # else it waits for a later sync
                self._retry(tracked, self._pauses)
        elif isinstance(outcome, Unstable) and self._changes.get(tracked.path, 0) < UNSTABLE_TRIES:
            self._retry(tracked, self._changes)
        else:
            tracked.vanished = isinstance(outcome, Vanished)
            expected = isinstance(outcome, Unstable | Vanished | Error)
            self._give_up(tracked, str(outcome) if expected else f"{type(outcome).__name__}: {outcome}")

    def _sent(self, tracked: Tracked, sent: Sent) -> None:
        tracked.sent, tracked.failed, tracked.vanished, tracked.confirm = sent, None, False, False
        if tracked.policy != "live" and not still_as_sent(tracked.local, sent):
            # It changed while it was on its way: once more, but not for ever. What was registered is whole.
            if self._changes.get(tracked.path, 0) < UNSTABLE_TRIES:
                self._retry(tracked, self._changes)
                return
            self._warn(f"{tracked.path} keeps changing: saved as it was a moment ago")
        self._changes.pop(tracked.path, None)
        self._pauses.pop(tracked.path, None)
        self._patience.worked(tracked.path)
        self._done(tracked)

    def _retry(self, tracked: Tracked, counted: dict[str, int]) -> None:
        tries = counted[tracked.path] = counted.get(tracked.path, 0) + 1
        with self._change:
            if tracked.path not in self._queued:
                self._queued.add(tracked.path)
                pause = min(RETRY_MAX_S, RETRY_FIRST_S * 2 ** (tries - 1))
                heapq.heappush(self._later, (time.monotonic() + pause, tracked.path))

    def _give_up(self, tracked: Tracked, reason: str) -> None:
        tracked.failed = reason
        self._done(tracked)
        self._warn(f"{tracked.path} was not saved: {reason}")

    def _watch(self) -> None:
        """Look for live files that changed. The pauses are long enough that looking stays cheap."""
        pause = WATCH_S
        while True:
            with self._change:
                if self._stopping or self._change.wait_for(lambda: self._stopping, pause):
                    return
            began = time.monotonic()
            if not self._ending:
                self._want(
                    tracked.path for tracked in list(self._ledger.files.values()) if self._moved(tracked)
                )
            pause = max(WATCH_S, WATCH_SHARE * (time.monotonic() - began))

    def _moved(self, tracked: Tracked) -> bool:
        if tracked.policy != "live" or tracked.wanted or tracked.path in self._active:
            return False
        sent = tracked.sent
        if sent is None:
            return tracked.vanished and os.path.exists(tracked.local)
        if sent.racy and time.time_ns() - sent.mtime_ns > 2 * 10**9:
            return True  # it was very young when it was read: read it once more
        return not still_as_sent(tracked.local, sent)


def _wanted_at_end(tracked: Tracked) -> bool:
    if tracked.policy == "end":
        return True
    if tracked.policy != "live" or tracked.sent is None:
        return False
    return tracked.sent.racy or tracked.sent.appended or not still_as_sent(tracked.local, tracked.sent)
