"""The plain mount where Debian's rpcbind has port 111: the daemon registers with it, and takes itself out
again.

Locks are not tested here. The kernel's own lock manager has the name there; on a machine of its own it
would refuse them, and in this model, where server and client are two kernels, nobody answers at its port.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator

import pytest
from kernel_client import Machine, die_with_parent
from kernel_content import MOUNT
from kernel_daemon import START_LIMIT_S, Daemon

# -i: the guest's kernel calls from 127.0.0.2, which rpcbind takes for another machine; ours would be
# 127.0.0.1.
RPCBIND = "mount -t tmpfs run /run && mkdir /run/rpcbind && exec rpcbind -f -i"
PROGRAMS = {"100003": "nfs", "100005": "mountd", "100024": "status"}
ROUNDS = 20


def registered(machine: Machine) -> set[str]:
    """The numbers of our programs that rpcbind knows."""
    return {line.split()[0] for line in machine.sh("rpcinfo -p 127.0.0.1").splitlines()} & set(PROGRAMS)


@pytest.fixture(scope="module")
def beside_rpcbind(machine: Machine, daemon: Daemon) -> Iterator[Daemon]:
    """The daemon, started anew where rpcbind already is."""
    if shutil.which("rpcbind") is None:
        pytest.skip("rpcbind is not installed")
    assert daemon.stop() == 0
    with machine.network():
        rpcbind = subprocess.Popen(["unshare", "--mount", "bash", "-c", RPCBIND], preexec_fn=die_with_parent)
    deadline = time.monotonic() + START_LIMIT_S
    while not listening(machine):
        assert rpcbind.poll() is None
        assert time.monotonic() < deadline, "rpcbind did not start"
        time.sleep(0.02)
    daemon.start()
    yield daemon
    daemon.stop()
    rpcbind.kill()
    rpcbind.wait()
    daemon.start()


def listening(machine: Machine) -> bool:
    """Whether somebody has port 111."""
    with machine.network(), socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", 111)) == 0


def test_cold_twenty_times(machine: Machine, beside_rpcbind: Daemon) -> None:
    assert registered(machine) == set(PROGRAMS)
    script = f"""
    for round in $(seq {ROUNDS}); do
      mount -t nfs localhost:/ {MOUNT} || exit
      [ -s {MOUNT}/runs/run1/metadata.json ] || exit
      umount {MOUNT} || exit
    done"""
    machine.sh(script, limit_s=120)


def test_nothing_is_left_behind(machine: Machine, beside_rpcbind: Daemon) -> None:
    assert beside_rpcbind.stop() == 0
    assert registered(machine) == set()
    beside_rpcbind.start()
    beside_rpcbind.kill()
    assert registered(machine) == set(PROGRAMS)
    beside_rpcbind.start()
    assert registered(machine) == set(PROGRAMS)
