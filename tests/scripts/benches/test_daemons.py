"""Starting, waiting for and stopping servers."""

from __future__ import annotations

import os
import select
import socket
import sys
from pathlib import Path

import pytest
from benches.daemons import BenchError, Daemon, accepts, free_port

LISTEN = """
import signal, socket, subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
print(child.pid, flush=True)
signal.pause()
"""


def test_a_daemon_is_ready_when_asked_to_be_and_gone_afterwards(tmp_path: Path) -> None:
    port = free_port()
    with Daemon("listener", [sys.executable, "-c", LISTEN, str(port)], tmp_path) as daemon:
        assert daemon.start(lambda: accepts(port) and bool(daemon.log_tail())) > 0
        child = int(daemon.log_tail())
        assert daemon.memory_mib() > 1
        child_ends = os.pidfd_open(child)
    assert not accepts(port)
    assert select.select([child_ends], [], [], 30)[0], "what the daemon started outlived it"
    os.close(child_ends)
    with pytest.raises(BenchError, match="listener is not running"):
        _ = daemon.pid


def test_a_daemon_that_ends_says_what_it_printed(tmp_path: Path) -> None:
    daemon = Daemon("failing", [sys.executable, "-c", "import sys; sys.exit('no such port')"], tmp_path)
    with pytest.raises(BenchError, match=r"failing ended with status 1:\nno such port"):
        daemon.start(lambda: False)


def test_the_environment_is_added_to(tmp_path: Path) -> None:
    daemon = Daemon(
        "echo", [sys.executable, "-c", "import os; print(os.environ['A'], os.environ['PATH'])"], tmp_path
    )
    daemon.environment["A"] = "b"
    with pytest.raises(BenchError, match=f"b {os.environ['PATH']}"):
        daemon.start(lambda: False)


def test_a_free_port_is_free() -> None:
    port = free_port()
    assert not accepts(port)
    with socket.create_server(("127.0.0.1", port)):
        assert accepts(port)


BUSY = """
import signal, socket, sys, time
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
end = time.process_time() + 0.6
while time.process_time() < end: pass
print("idle", flush=True)
signal.pause()
"""


def test_a_daemon_has_settled_when_it_uses_no_processor_any_more(tmp_path: Path) -> None:
    port = free_port()
    with Daemon("busy", [sys.executable, "-c", BUSY, str(port)], tmp_path) as daemon:
        daemon.start(lambda: accepts(port))
        daemon.settle()
        assert daemon.log_tail() == "idle\n"
