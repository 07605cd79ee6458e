"""flock and fcntl over the mount: between two processes, and between two mounts."""

from __future__ import annotations

import pytest
from kernel_client import Machine
from kernel_content import SECOND
from kernel_daemon import Daemon
from kernel_locks import attempt, hold, release


@pytest.fixture
def second(machine: Machine, mount: str) -> str:
    machine.sh("mount -t nfs -o nosharecache localhost:/ $1", SECOND)
    return SECOND


@pytest.fixture(autouse=True)
def _no_holder_left(machine: Machine, mount: str):  # type: ignore[no-untyped-def]
    yield
    release(machine)
    machine.run("umount $1", SECOND)


@pytest.mark.parametrize("kind", ["flock", "fcntl"])
@pytest.mark.parametrize("where", ["two processes", "two mounts"])
def test_shared_locks_meet(kind: str, where: str, machine: Machine, mount: str, second: str) -> None:
    path = "runs/run1/metadata.json"
    other = second if where == "two mounts" else mount
    assert hold(machine, kind, "shared", f"{mount}/{path}") == "taken"
    assert attempt(machine, kind, "shared", f"{other}/{path}") == "taken"


@pytest.mark.parametrize("where", ["two processes", "two mounts"])
def test_exclusion_holds_and_a_killed_holder_frees_its_lock(
    where: str, machine: Machine, mount: str, second: str
) -> None:
    path = "runs/run1/metadata.json"
    other = second if where == "two mounts" else mount
    assert hold(machine, "flock", "exclusive", f"{mount}/{path}") == "taken"
    assert attempt(machine, "flock", "exclusive", f"{other}/{path}") == "busy"
    assert attempt(machine, "flock", "shared", f"{other}/{path}") == "busy"
    waiting = machine.start("flock -x $1 echo had it", f"{other}/{path}", limit_s=60)
    release(machine)
    assert waiting.result().text == "had it"


def test_a_lock_is_claimed_again_after_the_daemon_was_killed(
    machine: Machine, daemon: Daemon, mount: str, second: str
) -> None:
    path = "runs/run1/metadata.json"
    assert hold(machine, "flock", "exclusive", f"{mount}/{path}") == "taken"
    daemon.kill()
    daemon.start()
    # The kernel asks again until the grace period is over; without a claim it would then have the lock.
    assert attempt(machine, "flock", "exclusive", f"{second}/{path}", limit_s=60) == "busy"
    release(machine)
    assert attempt(machine, "flock", "exclusive", f"{second}/{path}") == "taken"
