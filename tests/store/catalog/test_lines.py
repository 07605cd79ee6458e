import os
import secrets
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from store.catalog import Catalog, Topic, lines, runs
from store.catalog.rows import Run
from store.errors import Absent, Conflict, NoSpace, Refused

TEXT = b"first\n\nthird, longer\n"


@pytest.fixture
async def run_id(put: Any, project_id: int, fileset_id: int) -> int:
    """A run whose history is TEXT and whose console has one line."""
    made: int = await put("runs", project_id=project_id, fileset_id=fileset_id, name="r")
    offset = 0
    for number, text in enumerate(TEXT.splitlines(keepends=True)):
        await put("lines", run_id=made, stream=lines.HISTORY, line=number, offset=offset, text=text)
        offset += len(text)
    await put("lines", run_id=made, stream=lines.CONSOLE, line=0, offset=0, text=b"console\n")
    return made


async def test_every_range_reads_like_a_file(catalog: Catalog, run_id: int) -> None:
    for offset in range(len(TEXT) + 3):
        for count in range(len(TEXT) + 3):
            got = await lines.read(catalog.direct, run_id, lines.HISTORY, offset, count)
            assert got == TEXT[offset : offset + count], (offset, count)


async def test_far_offsets_and_other_runs(catalog: Catalog, run_id: int) -> None:
    assert await lines.read(catalog.direct, run_id, lines.HISTORY, 2**64 - 1, 2**32 - 1) == b""
    assert await lines.read(catalog.direct, run_id, lines.CONSOLE, 0, 2**32 - 1) == b"console\n"
    assert await lines.read(catalog.direct, run_id + 1, lines.HISTORY, 0, 10) == b""


async def test_pages_of_lines(catalog: Catalog, run_id: int) -> None:
    assert await lines.page(catalog.read, run_id, lines.HISTORY, 0, 2) == [b"first\n", b"\n"]
    assert await lines.page(catalog.read, run_id, lines.HISTORY, 2, 2) == [b"third, longer\n"]
    assert await lines.page(catalog.read, run_id, lines.HISTORY, 3, 2) == []


async def append(
    catalog: Catalog,
    run_id: int,
    first: int,
    texts: list[bytes],
    rewrite: bool = False,
    stream: int = lines.CONSOLE,
) -> Run:
    return await catalog.write(lambda tx: lines.append(tx, run_id, stream, first, texts, rewrite))


async def content(catalog: Catalog, run_id: int, stream: int = lines.CONSOLE) -> bytes:
    return await lines.read(catalog.direct, run_id, stream, 0, 10**6)


@pytest.fixture
async def fresh(catalog: Catalog, project_id: int) -> Run:
    """A run without any line."""
    return await catalog.write(lambda tx: runs.create(tx, project_id, "fresh"))


async def test_lines_are_appended(catalog: Catalog, fresh: Run, told: list[Any]) -> None:
    first = await append(catalog, fresh.id, 0, [b"one", b""], stream=lines.HISTORY)
    assert (first.history_lines, first.history_bytes, first.console_lines) == (2, 5, 0)
    assert first.names_changed_ns > fresh.names_changed_ns
    assert first.heartbeat_ns > fresh.heartbeat_ns
    assert told == [
        (Topic.RUN_NAMES, fresh.id, fresh.project_id),
        (Topic.HISTORY, fresh.id, fresh.project_id),
        (Topic.RUN, fresh.id, fresh.project_id),
    ]
    told.clear()
    second = await append(catalog, fresh.id, 2, [b"three"], stream=lines.HISTORY)
    assert (second.history_lines, second.history_bytes) == (3, 11)
    assert second.names_changed_ns == first.names_changed_ns
    assert second.history_changed_ns > first.history_changed_ns  # type: ignore[operator]
    assert told[0][0] == Topic.HISTORY
    assert await content(catalog, fresh.id, lines.HISTORY) == b"one\n\nthree\n"


async def test_sent_again_changes_nothing(catalog: Catalog, fresh: Run, told: list[Any]) -> None:
    sent = await append(catalog, fresh.id, 0, [b"a", b"b", b"c"])
    told.clear()
    assert await append(catalog, fresh.id, 0, [b"a", b"b", b"c"]) == sent
    assert await append(catalog, fresh.id, 1, [b"b"]) == sent
    assert await append(catalog, fresh.id, 3, []) == sent
    assert told == []
    longer = await append(catalog, fresh.id, 2, [b"c", b"d"])
    assert longer.console_lines == 4
    assert await content(catalog, fresh.id) == b"a\nb\nc\nd\n"


async def test_what_is_refused(catalog: Catalog, fresh: Run) -> None:
    await append(catalog, fresh.id, 0, [b"a", b"b"])
    with pytest.raises(Conflict, match="line 1 is there already"):
        await append(catalog, fresh.id, 0, [b"a", b"B", b"c"])
    with pytest.raises(Conflict, match="next line is 2"):
        await append(catalog, fresh.id, 3, [b"d"])
    with pytest.raises(Refused, match="newline"):
        await append(catalog, fresh.id, 2, [b"c\nd"])
    with pytest.raises(Absent):
        await append(catalog, 99, 0, [b"a"])
    assert await content(catalog, fresh.id) == b"a\nb\n"


@given(
    st.lists(
        st.tuples(
            st.integers(0, 9),
            st.lists(st.binary(max_size=4).map(lambda b: b.replace(b"\n", b"-")), max_size=5),
        ),
        max_size=8,
    )
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_rewriting_moves_what_comes_after(catalog: Catalog, project_id: int, writes: Any) -> None:
    """Against a model: a list of lines. Every range must read as the joined list, with right offsets."""
    run = await catalog.write(lambda tx: runs.create(tx, project_id, secrets.token_hex(8)))
    model: list[bytes] = []
    for first, texts in writes:
        if first > len(model):
            with pytest.raises(Conflict):
                await append(catalog, run.id, first, texts, rewrite=True)
            continue
        model[first : first + len(texts)] = texts
        written = await append(catalog, run.id, first, texts, rewrite=True)
        expected = b"".join(text + b"\n" for text in model)
        assert (written.console_lines, written.console_bytes) == (len(model), len(expected))
        assert await content(catalog, run.id) == expected
        middle = len(expected) // 2
        assert (
            await lines.read(catalog.direct, run.id, lines.CONSOLE, middle, 3)
            == expected[middle : middle + 3]
        )


@pytest.mark.parametrize(
    ("points", "expected"),
    [
        (1, [9]),
        (2, [4, 9]),
        (3, [2, 5, 9]),
        (9, [0, 1, 2, 3, 4, 5, 6, 7, 9]),
        (10, [*range(10)]),
        (99, [*range(10)]),
    ],
)
async def test_a_sample_is_spread_and_ends_with_the_last(
    catalog: Catalog, fresh: Run, points: int, expected: list[int]
) -> None:
    texts = [b"%d" % number for number in range(10)]
    await catalog.write(lambda tx: lines.append(tx, fresh.id, lines.HISTORY, 0, texts))
    sample = await lines.sample(catalog.read, fresh.id, lines.HISTORY, 10, points)
    assert [int(text) for text in sample] == expected


async def test_a_disk_that_is_nearly_full(
    catalog: Catalog, fresh: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lines are refused while there is still room to delete something."""
    await append(catalog, fresh.id, 0, [b"a"])

    class Disk:
        f_bavail, f_frsize, f_blocks = 24, 1000, 1000

    monkeypatch.setattr(os, "statvfs", lambda path: Disk)
    with pytest.raises(NoSpace, match="nearly full"):
        await append(catalog, fresh.id, 1, [b"b"])
    await append(catalog, fresh.id, 0, [b"a"])  # it is there already
    Disk.f_bavail = 25
    await append(catalog, fresh.id, 1, [b"b"])
    Disk.f_bavail = 0
    await catalog.write(lambda tx: runs.delete(tx, fresh.id))
