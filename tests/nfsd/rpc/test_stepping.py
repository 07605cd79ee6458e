import asyncio
import inspect

import pytest

from nfsd.rpc.stepping import stepped


async def test_what_does_not_wait_gives_its_value() -> None:
    async def ready() -> int:
        return 5

    async def fails() -> int:
        raise ZeroDivisionError

    assert stepped(ready()) == 5
    with pytest.raises(ZeroDivisionError):
        stepped(fails())


async def test_what_waits_goes_on_where_it_stopped() -> None:
    steps: list[str] = []
    gate = asyncio.get_running_loop().create_future()

    async def waits() -> str:
        steps.append("begun")
        try:
            steps.append(await gate)
            await asyncio.sleep(0)
        finally:
            steps.append("over")
        return "value"

    rest = stepped(waits())
    assert inspect.iscoroutine(rest)
    assert steps == ["begun"]
    gate.set_result("sent")
    assert await asyncio.create_task(rest) == "value"
    assert steps == ["begun", "sent", "over"]


async def test_what_a_wait_raises_is_raised_there() -> None:
    gate = asyncio.get_running_loop().create_future()

    async def waits() -> str:
        try:
            await gate
        except ValueError:
            await asyncio.sleep(0)
            return "caught"
        return "missed"

    rest = stepped(waits())
    gate.set_exception(ValueError())
    assert inspect.iscoroutine(rest)
    assert await asyncio.create_task(rest) == "caught"


async def test_a_rest_that_is_closed_ends_its_coroutine() -> None:
    ended: list[bool] = []

    async def waits() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            ended.append(True)

    rest = stepped(waits())
    assert inspect.iscoroutine(rest)
    task = asyncio.create_task(rest)
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended == [True]
