"""Locks between two machines: two kernels with a portmapper and a status monitor each, a server elsewhere.

The server has an address that its kernel prefers to the one that it serves on: a client's kernel takes calls
back from no other than that.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest
from kernel_client import Machine, why_not
from kernel_content import MOUNT, PROJECT
from kernel_daemon import Daemon
from kernel_locks import attempt, hold, release, wait_for

SERVER = "10.77.0.1"
FLAGS = ("--nfs", f"{SERVER}:2049", "--portmap", f"{SERVER}:111", "--allow", "10.77.0.0/24")
FILE = f"{MOUNT}/runs/shared/metadata.json"
CALLED_S = 20.0
"""In this time a waiting kernel hears of its lock by being called only: it asks again after 30 s."""
GRACE_S = 60.0
"""A kernel that is refused in the grace period asks again every 5 s."""


@dataclass(frozen=True)
class Pair:
    """Two clients of one server."""

    one: Machine
    two: Machine
    server: Daemon


def mount_server(machine: Machine) -> None:
    """The plain mount, from another machine than the server's."""
    machine.ready()
    machine.sh(f"mkdir -p {MOUNT} && mount -t nfs server:/ {MOUNT}")


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    reason = why_not()
    if reason is not None:
        pytest.skip(reason)
    for program, package in (("rpcbind", "rpcbind"), ("rpc.statd", "nfs-common")):
        if shutil.which(program, path="/usr/sbin:/sbin") is None:
            pytest.skip(f"{program} is not installed (Debian: apt-get install {package})")
    one = Machine("192M", number=2)
    two = Machine("192M", number=3, beside=one)
    server = Daemon(one, tmp_path_factory.mktemp("machines") / "data", *FLAGS)
    server.start()
    server.ask("POST", "/runs", {"project": PROJECT, "id": "shared"})
    for machine in (one, two):
        mount_server(machine)
    yield Pair(one, two, server)
    server.stop()
    for machine in (two, one):
        machine.stop()


@pytest.fixture(autouse=True)
def _no_holder_left(pair: Pair, machine: Machine) -> Iterator[None]:
    yield
    for each in (pair.one, pair.two, machine):
        release(each)


@pytest.mark.parametrize("kind", ["flock", "fcntl"])
def test_shared_locks_meet_and_exclude_others(pair: Pair, kind: str) -> None:
    """The plain mount, from two machines."""
    assert hold(pair.one, kind, "shared", FILE) == "taken"
    assert attempt(pair.two, kind, "shared", FILE) == "taken"
    assert attempt(pair.two, "flock", "exclusive", FILE) == "busy"


def test_a_waiting_machine_is_called_when_it_has_the_lock(pair: Pair) -> None:
    """The plain mount, from two machines; GRANTED goes to the one that waits."""
    assert hold(pair.one, "flock", "exclusive", FILE) == "taken"
    assert attempt(pair.two, "flock", "shared", FILE) == "busy"
    waiting = wait_for(pair.two, FILE, CALLED_S)
    release(pair.one)
    assert waiting.result().text == "had it"


def test_locks_are_claimed_again_after_the_daemon_was_killed(
    pair: Pair, machine: Machine, daemon: Daemon, mount: str, second: str
) -> None:
    """The plain mount, from two machines, and on one from two mounts: both wait in one grace period.

    SM_NOTIFY goes to the clients' status monitors. A kernel that wants the lock asks again until the grace
    period is over; without a claim it would then have it.
    """
    path = "runs/run1/metadata.json"
    assert hold(pair.one, "flock", "exclusive", FILE) == "taken"
    assert hold(machine, "flock", "exclusive", f"{mount}/{path}") == "taken"
    for server in (pair.server, daemon):
        server.kill()
        server.start()
    with ThreadPoolExecutor() as threads:
        between_two = threads.submit(attempt, pair.two, "flock", "exclusive", FILE, GRACE_S)
        on_one = threads.submit(attempt, machine, "flock", "exclusive", f"{second}/{path}", GRACE_S)
    assert between_two.result() == "busy"
    assert on_one.result() == "busy"
    waiting = wait_for(pair.two, FILE, CALLED_S)
    release(pair.one)
    assert waiting.result().text == "had it"
    release(machine)
    assert attempt(machine, "flock", "exclusive", f"{second}/{path}") == "taken"


def test_a_machine_that_starts_again_has_lost_its_locks(pair: Pair) -> None:
    """The plain mount, from two machines; one loses its power, and its SM_NOTIFY frees what it held."""
    assert hold(pair.one, "flock", "exclusive", FILE) == "taken"
    waiting = wait_for(pair.two, FILE, CALLED_S)
    pair.one.kill()
    assert not waiting.done()
    pair.one.boot()
    mount_server(pair.one)
    assert waiting.result().text == "had it"


def test_a_waiting_machine_that_dies_does_not_keep_the_lock(pair: Pair) -> None:
    """The plain mount, from two machines; the one that waits loses its power and never answers."""
    assert hold(pair.one, "flock", "exclusive", FILE) == "taken"
    wait_for(pair.two, FILE, CALLED_S)
    pair.two.kill()
    release(pair.one)
    assert pair.one.sh(f"flock -x {FILE} echo had it", limit_s=GRACE_S) == "had it"
    pair.two.boot()
    mount_server(pair.two)
