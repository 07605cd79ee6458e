"""Finding programs and telling an NFS server that answers."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest
from benches import peers
from benches.daemons import BenchError, free_port


def test_a_missing_program_is_named_with_its_package() -> None:
    with pytest.raises(BenchError, match=r"no-such-program is not installed \(Debian: nothing\)"):
        peers.program("no-such-program", "Debian: nothing")
    assert Path(peers.program("sh", "any")).exists()


def test_a_server_replies_when_it_answers_a_call(small_server: Any) -> None:
    assert peers.replies(small_server.port)
    small_server.faults.results = lambda procedure, body: body + b"more"
    assert not peers.replies(small_server.port)
    assert not peers.replies(free_port())


def test_a_server_that_closes_does_not_reply() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.close()
        assert not peers.replies(free_port())


def test_our_daemon_is_started_as_a_user_would(tmp_path: Path) -> None:
    peer, http_port = peers.runfs(tmp_path, tmp_path / "data")
    assert peer.daemon.argv[1:6] == ["-m", "runfs", "serve", "--data", str(tmp_path / "data")]
    assert f"127.0.0.1:{http_port}" in peer.daemon.argv
    assert peer.export == "/"
    assert peer.port != http_port
