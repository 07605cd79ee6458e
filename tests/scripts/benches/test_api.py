"""The plain client of our HTTP API, against a daemon that a user would start."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from benches import dataset, peers
from benches.api import Api
from benches.daemons import BenchError
from benches.load import Load

SHAPE = dataset.Shape(runs=2, flat_files=30, large_mib=1)


@pytest.fixture(scope="module")
def made(programs: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Api, Load, peers.Peer]]:
    """A small data set in a running daemon, its API, and a load client on it."""
    work = tmp_path_factory.mktemp("made")
    peer, http_port = peers.runfs(work, work / "data")
    with peer.daemon:
        peer.start()
        api = Api(http_port, work / "data")
        pattern = dataset.Pattern(programs)
        dataset.make(api, SHAPE, pattern, work / "large.bin")
        pattern.close()
        with peer.load(programs) as load:
            yield api, load, peer


def test_the_load_client_finds_all_that_was_made(made: tuple[Api, Load, peers.Peer]) -> None:
    _, load, _ = made
    assert load.say("crawl", below="runs").amount == 2 + 4 * 3 + 2 * 5 + 30 + 1  # the root, runs/, four runs
    assert load.say("list", below=dataset.FLAT).amount == SHAPE.flat_files
    assert load.say("verify", below=dataset.LARGE).amount == SHAPE.large_bytes
    for op in ("getattr", "lookup", "access", "read", "readdirplus"):
        assert load.say("run", op=op, below="runs/", seconds=0.02).calls > 0


def test_the_copy_is_what_the_daemon_serves(made: tuple[Api, Load, peers.Peer], tmp_path: Path) -> None:
    _, load, peer = made
    objects = dataset.copy(peer.port, tmp_path)
    below_runs = load.say("crawl", below="runs").amount - 1  # the root is counted as well
    assert objects == below_runs == len(list(tmp_path.rglob("*")))
    large = (tmp_path / dataset.LARGE).read_bytes()
    assert len(large) == SHAPE.large_bytes


def test_a_file_replaced_in_parts_or_whole_is_the_source(
    made: tuple[Api, Load, peers.Peer], tmp_path: Path
) -> None:
    api, _, _ = made
    source = tmp_path / "source"
    source.write_bytes(bytes(range(256)) * 1000)
    api.create_run("whole")
    api.upload_file("whole", "copy", source)
    (file,) = api.ask("GET", "/runs/whole/files")["items"]
    assert file["sha256"] == hashlib.sha256(source.read_bytes()).hexdigest()
    assert api.content_url("whole").endswith(f"/api/v1/runs/files/{file['id']}/content")
    api.delete_run("whole")
    with pytest.raises(BenchError, match="404"):
        api.ask("GET", "/runs/whole")
