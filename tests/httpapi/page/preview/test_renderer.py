"""The child process: kept for the next file, replaced when it dies or takes too long, gone at the end."""

import asyncio
import os
import resource
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from httpapi.page.preview.kinds import Kind
from httpapi.page.preview.renderer import Renderer
from httpapi.page.preview.source import Source
from httpapi.page.preview.worker import BROKEN, MEMORY_BYTES


@pytest.fixture
async def renderer() -> AsyncIterator[Renderer]:
    made = Renderer()
    yield made
    await made.close()


def text(data: bytes) -> Source:
    return Source("a.txt", data, len(data))


def child(renderer: Renderer) -> int:
    assert renderer._child is not None
    return renderer._child.pid


async def test_one_child_serves_many(renderer: Renderer) -> None:
    first, second = await asyncio.gather(
        renderer.render(Kind.TEXT, text(b"one")), renderer.render(Kind.TEXT, text(b"two" * 100_000))
    )
    pid = child(renderer)
    assert "one" in first
    assert "two" in second
    assert "three" in await renderer.render(Kind.TEXT, text(b"three"))
    assert child(renderer) == pid


async def test_a_dead_child_is_replaced(renderer: Renderer) -> None:
    await renderer.render(Kind.TEXT, text(b"one"))
    os.kill(child(renderer), signal.SIGKILL)
    second = await renderer.render(Kind.TEXT, text(b"two"))
    assert second == BROKEN or "two" in second  # the death may be seen before the question or after it
    assert "three" in await renderer.render(Kind.TEXT, text(b"three"))


async def test_a_slow_child_is_replaced() -> None:
    renderer = Renderer(timeout_s=0.001)
    assert "too long" in await renderer.render(Kind.TEXT, text(b"one"))
    assert renderer._child is None
    await renderer.close()


async def test_a_reader_that_went_away_leaves_no_half_answer(renderer: Renderer) -> None:
    await renderer.render(Kind.TEXT, text(b"warm"))
    asking = asyncio.create_task(renderer.render(Kind.TEXT, text(b"one" * 100_000)))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    html = await renderer.render(Kind.TEXT, text(b"two"))
    assert "two" in html
    assert "one" not in html


async def test_close_ends_the_child() -> None:
    renderer = Renderer()
    await renderer.render(Kind.TEXT, text(b"one"))
    pid = child(renderer)
    await renderer.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_the_child_knows_its_modules_and_no_secret(
    renderer: Renderer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hidden")
    assert "one" in await renderer.render(Kind.TEXT, text(b"one"))
    told = await asyncio.to_thread(Path(f"/proc/{child(renderer)}/environ").read_bytes)
    assert b"hidden" not in told
    assert b"PYTHONPATH" in told


async def test_the_child_has_limits(renderer: Renderer) -> None:
    await renderer.render(Kind.TEXT, text(b"one"))
    pid = child(renderer)
    assert resource.prlimit(pid, resource.RLIMIT_AS) == (MEMORY_BYTES, MEMORY_BYTES)
    assert resource.prlimit(pid, resource.RLIMIT_CORE) == (0, 0)
