"""The soak in its short form: everybody at once against a daemon that is killed, and the reckoning."""

from __future__ import annotations

from pathlib import Path

import pytest
from soaking import content
from soaking.board import files_of
from soaking.cli import soak
from soaking.content import Torn, record, records


def test_nothing_is_lost_torn_or_left_over(tmp_path: Path) -> None:
    figures = soak(seed=7, seconds=4, writers=2, readers=2, sdks=1, grace_s=1.0, work=tmp_path)
    assert figures["kills"] >= 1
    assert figures["writes"] > 0
    assert figures["read_files"] > 0
    assert figures["files_at_the_end"] > 0


def test_a_reader_tells_whole_content_from_any_other() -> None:
    first, second = record("a", 1, 200_000), record("a", 2, 200_000)
    assert records(first + second) == [("a", 1, 200_000), ("a", 2, 200_000)]
    block = content._BLOCK
    torn = [
        first[:-1],
        first[:100_000] + second[100_000:],
        first[: content.HEAD + block]
        + first[content.HEAD : content.HEAD + block]
        + first[content.HEAD + 2 * block :],
        first[1:],
        first + b"more",
    ]
    for data in torn:
        with pytest.raises(Torn):
            records(data)


def test_each_file_has_a_place_of_its_own() -> None:
    files = [file for writer in range(3) for file in files_of(writer)]
    assert sorted(file.place for file in files) == list(range(len(files)))
    assert len({(file.run, file.path) for file in files}) == len(files)
