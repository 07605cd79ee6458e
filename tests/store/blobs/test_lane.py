"""Threads for calls that hang: their number, each subject's share, and what happens to those that wait."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

import pytest

from store.blobs import lane
from store.blobs.lane import Lane
from store.errors import Absent, Unavailable


class Hanging:
    """Work that hangs until it is let go."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.go = threading.Event()

    def __call__(self, name: str) -> str:
        self.begun.append(name)
        self.go.wait(30)
        return name


@pytest.fixture
def hanging() -> Iterator[Hanging]:
    """Let go at the end."""
    made = Hanging()
    yield made
    made.go.set()


async def begun(hanging: Hanging, count: int) -> None:
    while len(hanging.begun) < count:
        await asyncio.to_thread(hanging.go.wait, 0.001)


async def test_work_is_done_and_its_errors_leave() -> None:
    threads = Lane("test", 2, 2)
    assert await threads.run("a", pow, 2, 5) == 32

    def fail() -> None:
        raise Absent("gone")

    with pytest.raises(Absent, match="gone"):
        await threads.run("a", fail)
    assert await asyncio.gather(*(threads.run("a", pow, n, 2) for n in range(50))) == [
        n * n for n in range(50)
    ]
    assert not threads._running


async def test_one_subject_has_its_share_only(hanging: Hanging) -> None:
    threads = Lane("test", 4, 2)
    stuck = [asyncio.ensure_future(threads.run("a", hanging, f"a{n}")) for n in range(6)]
    await begun(hanging, 2)
    assert await threads.run("b", pow, 3, 2) == 9  # others are served meanwhile
    assert hanging.begun == ["a0", "a1"]
    hanging.go.set()
    assert await asyncio.gather(*stuck) == [f"a{n}" for n in range(6)]


async def test_there_are_so_many_threads_and_no_more(hanging: Hanging) -> None:
    threads = Lane("counted", 3, 2)
    stuck = [asyncio.ensure_future(threads.run(f"{n % 5}", hanging, f"{n}")) for n in range(20)]
    await begun(hanging, 3)
    assert sum(thread.name == "counted" for thread in threading.enumerate()) == 3
    assert len(hanging.begun) == 3
    hanging.go.set()
    assert sorted(await asyncio.gather(*stuck), key=int) == [f"{n}" for n in range(20)]


async def test_who_gets_no_thread_is_told_so(hanging: Hanging, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lane, "PATIENCE_S", 0.05)
    threads = Lane("test", 1, 1)
    stuck = asyncio.ensure_future(threads.run("a", hanging, "a"))
    await begun(hanging, 1)
    for _ in range(3):
        with pytest.raises(Unavailable, match="try again"):
            await threads.run("b", hanging, "b")
    assert not threads._waiting
    hanging.go.set()
    assert await stuck == "a"  # who has a thread is waited for
    assert hanging.begun == ["a"]
    assert await threads.run("b", pow, 2, 2) == 4


async def test_calls_do_not_pile_up(hanging: Hanging, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lane, "WAITING_MAX", 3)
    threads = Lane("test", 1, 1)
    stuck = [asyncio.ensure_future(threads.run("a", hanging, "a")) for _ in range(4)]
    await begun(hanging, 1)
    with pytest.raises(Unavailable):
        await threads.run("b", hanging, "b")
    stuck.pop().cancel()  # who gives up makes room
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    late = asyncio.ensure_future(threads.run("b", pow, 2, 2))
    await asyncio.sleep(0)
    hanging.go.set()
    assert await late == 4
    assert await asyncio.gather(*stuck) == ["a"] * 3


async def test_who_gives_up_leaves_the_call_to_its_end(hanging: Hanging) -> None:
    threads = Lane("test", 1, 1)
    gone = asyncio.ensure_future(threads.run("a", hanging, "a"))
    await begun(hanging, 1)
    gone.cancel()
    with pytest.raises(asyncio.CancelledError):
        await gone
    assert threads._running["a"] == 1  # its thread is still taken
    hanging.go.set()
    assert await threads.run("a", pow, 2, 2) == 4


async def test_as_an_executor(hanging: Hanging, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is submitted has no subject, and is done late or not at all."""
    monkeypatch.setattr(lane, "PATIENCE_S", 0.0)
    threads = Lane("test", 2, 1)
    loop = asyncio.get_running_loop()
    stuck = [loop.run_in_executor(threads, hanging, f"{n}") for n in range(4)]
    await begun(hanging, 2)
    hanging.go.set()
    assert await asyncio.gather(*stuck) == ["0", "1", "2", "3"]
    monkeypatch.setattr(lane, "SUBMITTED_PATIENCE_S", -1.0)
    with pytest.raises(Unavailable):
        await loop.run_in_executor(threads, hanging, "late")
    assert "late" not in hanging.begun
