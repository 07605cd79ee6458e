from typing import Any

import pytest

from store.catalog import Catalog, lines

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
