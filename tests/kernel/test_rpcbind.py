"""Debian's rpcbind has port 111: the daemon registers NFS, MOUNT and the status monitor there.

Its lock manager is not registered, for on one machine that name is the kernel's own: `runfs mount` adds
nolock.
"""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Iterator

import pytest
from kernel_client import Machine, die_with_parent
from kernel_content import MOUNT, mount_cold
from kernel_daemon import RUNFS, Daemon
from kernel_locks import attempt, hold, release

START_LIMIT_S = 10.0
# With a /run of its own. -i: the guest's kernel calls from 127.0.0.2, as another machine would.
RPCBIND = "mount -t tmpfs run /run && mkdir /run/rpcbind && exec /usr/sbin/rpcbind -i -f"
PROGRAMS = {"100003 3 tcp 2049", "100005 3 tcp 2049", "100005 3 udp 2049"}
STATUS = {"100024 1 tcp 2049", "100024 1 udp 2049"}


def registered(machine: Machine) -> set[str]:
    """What rpcbind knows at our port."""
    listed = machine.sh("rpcinfo -p 127.0.0.1 | awk '{print $1, $2, $3, $4}'").splitlines()
    return {line for line in listed if line.endswith(" 2049")}


@pytest.fixture(scope="module")
def beside_rpcbind(machine: Machine, daemon: Daemon) -> Iterator[Daemon]:
    """The daemon, started anew where rpcbind already is."""
    if shutil.which("rpcbind", path="/usr/sbin:/sbin") is None:
        pytest.skip("rpcbind is not installed (Debian: apt-get install rpcbind)")
    assert daemon.stop() == 0
    with machine.network():
        rpcbind = subprocess.Popen(["unshare", "--mount", "sh", "-c", RPCBIND], preexec_fn=die_with_parent)
    deadline = time.monotonic() + START_LIMIT_S
    while machine.run("rpcinfo -p 127.0.0.1").status != 0:
        assert rpcbind.poll() is None
        assert time.monotonic() < deadline, "rpcbind does not answer"
        time.sleep(0.1)
    daemon.start()
    yield daemon
    daemon.stop()
    rpcbind.kill()
    rpcbind.wait()
    daemon.start()


def test_cold_twenty_times(machine: Machine, beside_rpcbind: Daemon) -> None:
    """The plain mount."""
    assert registered(machine) == PROGRAMS | STATUS
    mount_cold(machine, rounds=20)


def test_runfs_mount_keeps_locks_in_the_client(machine: Machine, beside_rpcbind: Daemon) -> None:
    """`runfs mount`, which adds nolock here: a lock excludes this machine's programs, at once."""
    assert machine.sh(f"{RUNFS} mount {MOUNT}") == f"mount -t nfs -o ro,nolock localhost:/ {MOUNT}"
    try:
        assert "local_lock=all" in machine.sh(f'grep " {MOUNT} nfs " /proc/mounts')
        path = f"{MOUNT}/runs/run1/metadata.json"
        assert hold(machine, "flock", "exclusive", path) == "taken"
        assert attempt(machine, "flock", "shared", path) == "busy"
        release(machine)
        assert attempt(machine, "flock", "exclusive", path) == "taken"
        assert attempt(machine, "fcntl", "shared", path) == "taken"
    finally:
        release(machine)
        machine.sh(f"{RUNFS} umount {MOUNT}")


def test_doctor_says_what_locks_would_do(machine: Machine, beside_rpcbind: Daemon) -> None:
    """`runfs doctor`."""
    told = machine.sh(f"{RUNFS} doctor").splitlines()
    assert "✓ the portmapper knows it: mounts need no ports" in told
    place = told.index("! the portmapper does not know our lock manager: locks would hang")
    assert "mount with -o nolock, as `runfs mount` does" in told[place + 1]
    assert told[-1] == "A mount would work: runfs mount DIR"


def test_nothing_is_left_behind(machine: Machine, beside_rpcbind: Daemon) -> None:
    """No mount; after a crash of the daemon its entries stay, and the next one takes them over."""
    assert beside_rpcbind.stop() == 0
    assert registered(machine) == set()
    beside_rpcbind.start()
    beside_rpcbind.kill()
    assert registered(machine) == PROGRAMS | STATUS
    beside_rpcbind.start()
    assert registered(machine) == PROGRAMS | STATUS
