"""Threads for calls that may hang.

A call keeps its thread until its own time limit is over, so when a store hangs the threads are what runs out.
Of these no subject gets more than its share: one object that hangs holds up only who wants it. Whoever has no
thread in time is refused, and so, at once, is whoever comes when many wait already: nothing piles up.

Threads end when nothing is left to do, and none keeps the process from ending.
"""

import asyncio
import contextlib
import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any, NamedTuple, TypeVar

from store.errors import Unavailable

WAITING_MAX = 256
PATIENCE_S = 5.0
SUBMITTED_PATIENCE_S = 15.0
RETRY_AFTER_S = 2.0

T = TypeVar("T")


class _Call(NamedTuple):
    subject: str
    work: Callable[[], Any]
    done: Future[Any]


class Lane(Executor):
    """At most `threads` calls at once, `share` of them for the same subject."""

    def __init__(self, name: str, threads: int, share: int) -> None:
        self._name = name
        self._threads = threads
        self._share = share
        self._lock = threading.Lock()
        self._waiting: deque[_Call] = deque()
        self._running: Counter[str] = Counter()

    async def run(self, subject: str, work: Callable[..., T], *args: Any) -> T:
        """What `work(*args)` gives, from a thread. Unavailable when it has not begun after PATIENCE_S."""
        if len(self._waiting) >= WAITING_MAX:
            raise _busy()
        done: Future[T] = Future()
        call = _Call(subject, lambda: work(*args), done)
        self._enter(call)
        answer = asyncio.wrap_future(done)
        try:
            await asyncio.wait((answer,), timeout=PATIENCE_S)
            if not answer.done() and done.cancel():
                raise _busy()
            return await answer
        finally:
            if done.cancel():  # nobody waits any more; what has begun goes on to its own limit
                self._leave(call)

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        """As any executor: `fn` has no subject of its own. Unavailable when it has not begun in time."""
        begin_by = time.monotonic() + SUBMITTED_PATIENCE_S

        def work() -> T:
            if time.monotonic() > begin_by:
                raise _busy()  # calls that hang go before it: whoever waits hears of it when one has ended
            return fn(*args, **kwargs)

        done: Future[T] = Future()
        self._enter(_Call(f"{id(done)}", work, done))
        return done

    def _enter(self, call: _Call) -> None:
        with self._lock:
            self._waiting.append(call)
            ready = self._next()
        if ready is not None:
            threading.Thread(target=self._work, args=(ready,), name=self._name, daemon=True).start()

    def _leave(self, call: _Call) -> None:
        with self._lock, contextlib.suppress(ValueError):
            self._waiting.remove(call)

    def _work(self, call: _Call) -> None:
        ready: _Call | None = call
        while ready is not None:
            try:
                ready.done.set_result(ready.work())
            except BaseException as error:  # the caller's, as everything that its work does
                ready.done.set_exception(error)
            with self._lock:
                self._running -= Counter((ready.subject,))
                ready = self._next()

    def _next(self) -> _Call | None:
        """The first call that may begin now, taken from those that wait."""
        if self._running.total() >= self._threads:
            return None
        for call in list(self._waiting):
            if self._running[call.subject] < self._share:
                self._waiting.remove(call)
                if call.done.set_running_or_notify_cancel():
                    self._running[call.subject] += 1
                    return call
        return None


def _busy() -> Unavailable:
    return Unavailable("S3 is slower than it is asked; try again", RETRY_AFTER_S)
