"""Debian's rpcbind has port 111: the daemon registers with it, and the plain mount works all the same."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Iterator

import pytest
from kernel_client import Machine, die_with_parent
from kernel_content import MOUNT
from kernel_daemon import Daemon

START_LIMIT_S = 10.0
REGISTERED = "rpcinfo -p 127.0.0.1 | awk '$5 != \"portmapper\" {print $1, $2, $3, $4}' | sort -u"


@pytest.fixture
def rpcbind(machine: Machine, daemon: Daemon) -> Iterator[None]:
    """rpcbind instead of our portmapper, with a /run of its own.

    -i lets the guest's lock manager register from 127.0.0.2; on one machine, a kernel does so by a socket.
    """
    if shutil.which("rpcbind", path="/usr/sbin:/sbin") is None:
        pytest.skip("rpcbind is not installed (Debian: apt-get install rpcbind)")
    daemon.stop()
    command = "mount -t tmpfs run /run && mkdir /run/rpcbind && exec /usr/sbin/rpcbind -i -f"
    with machine.network():
        process = subprocess.Popen(
            ["unshare", "--mount", "sh", "-c", command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            preexec_fn=die_with_parent,
        )
    deadline = time.monotonic() + START_LIMIT_S
    while machine.run("rpcinfo -p 127.0.0.1").status != 0:
        assert time.monotonic() < deadline, "rpcbind does not answer"
        time.sleep(0.1)
    daemon.start()
    yield
    daemon.stop()
    process.kill()
    process.wait()
    daemon.start()


def test_the_plain_mount_with_rpcbind(machine: Machine, daemon: Daemon, rpcbind: None) -> None:
    registered = machine.sh(REGISTERED).splitlines()
    assert "100003 3 tcp 2049" in registered
    assert "100005 3 tcp 2049" in registered
    assert "100024 1 udp 2049" in registered
    for _ in range(3):
        machine.sh(f"mount -t nfs localhost:/ {MOUNT}")
        assert machine.sh(f"ls {MOUNT}").split() == ["artifacts", "projects", "runs", "sweeps"]
        machine.sh(f"umount {MOUNT}")


def test_it_unregisters_when_it_ends(machine: Machine, daemon: Daemon, rpcbind: None) -> None:
    daemon.stop()
    left = machine.sh(REGISTERED)
    daemon.start()
    assert "2049" not in left
