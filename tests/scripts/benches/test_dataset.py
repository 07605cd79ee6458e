"""The data set's shape and contents."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from benches import dataset


@pytest.fixture
def writer(programs: Path) -> Iterator[dataset.Pattern]:
    """The C program that writes contents."""
    pattern = dataset.Pattern(programs)
    yield pattern
    pattern.close()


def test_contents_are_what_the_load_client_expects(
    writer: dataset.Pattern, pattern: Callable[[str, int], bytes]
) -> None:
    assert writer.read("runs/a b/files/ä.bin", 4096) == pattern("runs/a b/files/ä.bin", 4096)
    assert writer.read("other", 8) == pattern("other", 8)


def test_large_files_come_in_pieces(
    writer: dataset.Pattern, pattern: Callable[[str, int], bytes], tmp_path: Path
) -> None:
    size = dataset.COPY_BYTES + 80
    assert [len(piece) for piece in writer.pieces("a", size)] == [dataset.COPY_BYTES, 80]
    writer.write("a", size, tmp_path / "a")
    assert (tmp_path / "a").read_bytes()[-80:] == pattern("a", size)[-80:]


def test_the_full_shape_is_the_one_that_the_figures_are_of() -> None:
    shape = dataset.Shape()
    runs = dict(dataset.small_files(shape))
    assert len(runs) == 1001
    assert sum(map(len, runs.values())) == 1000 * 5 + 10_000
    assert len(runs["flat"]) == 10_000
    assert shape.large_bytes == 1 << 30
    assert all(size % 8 == 0 for files in runs.values() for size in files.values())
