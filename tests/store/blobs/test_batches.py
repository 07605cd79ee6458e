import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from store.blobs.batches import BATCH_BYTES, Batches, Chunk


@pytest.fixture
def executor() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(2)


async def test_chunks_come_in_order_in_large_batches_off_the_loop(executor: ThreadPoolExecutor) -> None:
    taken: list[list[Chunk]] = []
    threads: set[int] = set()

    def take(chunks: list[Chunk]) -> None:
        taken.append(chunks)
        threads.add(threading.get_ident())

    batches = Batches(executor, take)
    chunk = b"x" * (BATCH_BYTES // 4)
    for number in range(10):
        await batches.write(bytes([number]) + chunk[1:])
        await batches.write(b"")
    last = await batches.finish(lambda chunks: [bytes(part)[0] for part in chunks])
    assert [len(batch) for batch in taken] == [4, 4]
    assert [bytes(part)[0] for batch in taken for part in batch] + last == list(range(10))
    assert threading.get_ident() not in threads


async def test_a_failing_batch_is_told_to_the_next_write(executor: ThreadPoolExecutor) -> None:
    def take(chunks: list[Chunk]) -> None:
        raise OSError("disk")

    batches = Batches(executor, take)
    await batches.write(b"x" * BATCH_BYTES)
    with pytest.raises(OSError, match="disk"):
        await batches.write(b"x" * BATCH_BYTES)


async def test_a_failing_batch_is_told_to_finish(executor: ThreadPoolExecutor) -> None:
    def take(chunks: list[Chunk]) -> None:
        raise OSError("disk")

    batches = Batches(executor, take)
    await batches.write(b"x" * BATCH_BYTES)
    with pytest.raises(OSError, match="disk"):
        await batches.finish(len)


async def test_abort_waits_for_the_batch_under_way(executor: ThreadPoolExecutor) -> None:
    go, order = threading.Event(), []

    def take(chunks: list[Chunk]) -> None:
        go.wait(10)
        order.append("taken")
        raise OSError("nobody cares any more")

    batches = Batches(executor, take)
    await batches.write(b"x" * BATCH_BYTES)
    go.set()
    await batches.abort(lambda: order.append("undone"))
    assert order == ["taken", "undone"]
    await batches.abort(lambda: order.append("again"))


@pytest.mark.parametrize("at_the_end", [False, True])
async def test_who_is_cancelled_while_a_batch_is_under_way_undoes_it_after_it(
    executor: ThreadPoolExecutor, at_the_end: bool
) -> None:
    """The thread has the file's descriptor: closed under its hands it might soon be another file's."""
    begun, go, order = threading.Event(), threading.Event(), []

    def take(chunks: list[Chunk]) -> None:
        begun.set()
        go.wait(10)
        order.append("taken")

    batches = Batches(executor, take)
    if not at_the_end:
        await batches.write(b"x" * BATCH_BYTES)
    waiting = asyncio.ensure_future(batches.finish(take) if at_the_end else batches.write(b"x" * BATCH_BYTES))
    await asyncio.to_thread(begun.wait)
    waiting.cancel()
    await asyncio.wait([waiting])
    aborting = asyncio.ensure_future(batches.abort(lambda: order.append("undone")))
    done, _ = await asyncio.wait([aborting], timeout=0.1)
    go.set()
    await aborting
    assert (done, order) == (set(), ["taken", "undone"])
