"""Coroutines that are run in place for as far as they go: a task is made only for the rest of one that waits.

Whoever suspends first without a task must not ask for the current task: `asyncio.timeout` belongs behind
the first wait.
"""

import types
from collections.abc import Coroutine, Generator
from typing import Any, TypeVar

T = TypeVar("T")


def stepped(coroutine: Coroutine[Any, Any, T]) -> T | Coroutine[Any, Any, T]:
    """Run the coroutine until it ends, which gives its value, or waits, which gives one for the rest."""
    try:
        waiting = coroutine.send(None)
    except StopIteration as stop:
        value: T = stop.value
        return value
    return _resumed(coroutine, waiting)


async def _resumed(coroutine: Coroutine[Any, Any, T], waiting: Any) -> T:
    return await _rest(coroutine, waiting)


@types.coroutine
def _rest(coroutine: Coroutine[Any, Any, T], waiting: Any) -> Generator[Any, Any, T]:
    """Hand on what a started coroutine waits for, and go on with it as a task goes on with its own."""
    try:
        while True:
            try:
                sent = yield waiting
            except BaseException as error:
                waiting = coroutine.throw(error)
            else:
                waiting = coroutine.send(sent)
    except StopIteration as stop:
        value: T = stop.value
        return value
    finally:
        coroutine.close()
