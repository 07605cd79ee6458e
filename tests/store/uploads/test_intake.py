import asyncio
from collections.abc import AsyncIterator

import pytest

from store.blobs import ANYTHING, Blobs, Expected
from store.errors import Conflict, Mismatch, Unavailable
from store.uploads.intake import Intake, pour


async def chunks(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


async def keys(blobs: Blobs) -> list[str]:
    return [found.key async for found in blobs.keys()]  # noqa: SIM118 - not a dict


async def test_what_is_kept_stays(blobs: Blobs) -> None:
    intake = Intake(blobs)
    async with intake.hold(chunks(b"a", b"b"), ANYTHING) as held:
        assert intake.in_flight == {held.stored.key}
        assert held.stored.size == 2
        held.kept = True
    assert intake.in_flight == set()
    assert await keys(blobs) == [held.stored.key]


async def test_what_is_not_kept_goes(blobs: Blobs) -> None:
    intake = Intake(blobs)
    async with intake.hold(chunks(b"a"), ANYTHING):
        assert len(await keys(blobs)) == 1
    assert await keys(blobs) == []


@pytest.mark.parametrize(
    ("error", "left"), [(Conflict("no"), 0), (Unavailable("?"), 1), (asyncio.CancelledError(), 1)]
)
async def test_only_a_certain_refusal_drops_it(blobs: Blobs, error: BaseException, left: int) -> None:
    intake = Intake(blobs)
    with pytest.raises(type(error)):
        async with intake.hold(chunks(b"a"), ANYTHING):
            raise error
    assert len(await keys(blobs)) == left
    assert intake.in_flight == set()


@pytest.mark.parametrize(
    ("size", "asked", "announced", "expected"),
    [(1, True, None, True), (1, False, None, False), (5, True, None, False), (5, True, b"?" * 16, True)],
)
async def test_md5_for_small_ones_or_when_announced(
    blobs: Blobs,
    monkeypatch: pytest.MonkeyPatch,
    size: int,
    asked: bool,
    announced: bytes | None,
    expected: bool,
) -> None:
    monkeypatch.setattr("store.uploads.intake.MD5_MAX_BYTES", 4)
    intake = Intake(blobs)
    try:
        async with intake.hold(chunks(b"x" * size), Expected(size, None, announced), md5=asked) as held:
            assert (held.stored.md5 is not None) == expected
    except Mismatch:
        assert announced  # it was computed, for it was compared


async def test_no_more_is_read_than_was_announced(blobs: Blobs) -> None:
    given = []

    async def endless() -> AsyncIterator[bytes]:
        while True:
            given.append(1)
            yield b"x" * 1000

    with pytest.raises(Mismatch, match="more than the 2500 bytes"):
        async with Intake(blobs).hold(endless(), Expected(2500)):
            pass
    assert len(given) == 3


async def test_pour_aborts_what_fails() -> None:
    class Writer:
        def __init__(self) -> None:
            self.calls: list[str] = []

        async def write(self, chunk: bytes | memoryview) -> None:
            self.calls.append("write")

        async def commit(self, expected: Expected = ANYTHING) -> int:
            self.calls.append("commit")
            raise Mismatch("no")

        async def abort(self) -> None:
            self.calls.append("abort")

    writer = Writer()
    with pytest.raises(Mismatch):
        await pour(chunks(b"a"), writer, ANYTHING)
    assert writer.calls == ["write", "commit", "abort"]
