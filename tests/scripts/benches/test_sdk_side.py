"""What a training process does, each action in a process of its own against a daemon."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from benches import peers
from benches.api import Api
from benches.daemons import BenchError
from benches.files import Side


@pytest.fixture(scope="module")
def side(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Side]:
    """A running daemon, and the SDK towards it."""
    work = tmp_path_factory.mktemp("side")
    peer, http_port = peers.runfs(work, work / "data")
    with peer.daemon:
        peer.start()
        yield Side(peer, work / "data", http_port)


def test_saved_files_are_registered_when_it_ends_and_come_back(side: Side, tmp_path: Path) -> None:
    source = tmp_path / "from"
    source.mkdir()
    for number in range(3):
        (source / f"{number}.bin").write_bytes(bytes([number]) * 5000)
    (source / "other").write_bytes(b"not asked for")
    saved = side.sdk("save", "saved", str(source), "[0-9]*")
    assert saved["files"] == 3
    assert saved["seconds"] > 0
    stored = Api(side.http_port, side.data).ask("GET", "/runs/saved/files")["items"]
    assert {file["path"]: file["size"] for file in stored} == {f"{number}.bin": 5000 for number in range(3)}
    assert side.sdk("download", "saved", "2.bin", str(tmp_path / "to"))["seconds"] > 0
    (back,) = (tmp_path / "to").rglob("2.bin")
    assert back.read_bytes() == bytes([2]) * 5000


def test_every_logged_line_is_there(side: Side) -> None:
    costs = side.sdk("log", "logged", "50")
    assert 0 < costs["p50_us"] <= costs["p99_us"]
    assert costs["rate"] > 0
    run = Api(side.http_port, side.data).ask("GET", "/runs/logged")
    assert (run["history_lines"], run["state"]) == (100, "finished")  # paced, and as fast as it goes


def test_each_appended_line_is_waited_for(side: Side, tmp_path: Path) -> None:
    assert len(side.sdk("live", "live", str(tmp_path), "2")["seconds"]) == 2
    (file,) = Api(side.http_port, side.data).ask("GET", "/runs/live/files")["items"]
    assert file["size"] == len("begun\nline 0\nline 1\n")


def test_what_goes_wrong_there_is_said_here(side: Side, tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="the SDK failed at download"):
        side.sdk("download", "no-such-run", "a", str(tmp_path))
