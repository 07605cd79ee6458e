"""flock and fcntl over the mount: between two processes, and between two mounts."""

from __future__ import annotations

import pytest
from kernel_client import Machine
from kernel_content import SECOND
from kernel_daemon import Daemon

# KIND MODE FILE: takes a lock without waiting; says "taken" or "busy"; holds it while its input is open.
LOCK = """
import fcntl, sys
kind, mode, path = sys.argv[1:4]
file = open(path, "rb")
wanted = fcntl.LOCK_NB | (fcntl.LOCK_SH if mode == "shared" else fcntl.LOCK_EX)
try:
    (fcntl.flock if kind == "flock" else fcntl.lockf)(file, wanted)
except BlockingIOError:
    print("busy", flush=True)
else:
    print("taken", flush=True)
    sys.stdin.read()
"""

HOLD = """
rm -f /run/tmp/pipe /run/tmp/held; mkfifo /run/tmp/pipe
python3 -c "$1" $2 $3 "$4" <>/run/tmp/pipe >/run/tmp/held &
echo $! >/run/tmp/holder
until [ -s /run/tmp/held ]; do sleep 0.05; done; cat /run/tmp/held
"""
TRY = 'python3 -c "$1" $2 $3 "$4" </dev/null'


@pytest.fixture
def second(machine: Machine, mount: str) -> str:
    machine.sh("mount -t nfs -o nosharecache localhost:/ $1", SECOND)
    return SECOND


@pytest.fixture(autouse=True)
def _no_holder_left(machine: Machine, mount: str):  # type: ignore[no-untyped-def]
    yield
    machine.run("kill -9 $(cat /run/tmp/holder); rm -f /run/tmp/holder; umount $1", SECOND)


@pytest.mark.parametrize("kind", ["flock", "fcntl"])
@pytest.mark.parametrize("where", ["two processes", "two mounts"])
def test_shared_locks_meet(kind: str, where: str, machine: Machine, mount: str, second: str) -> None:
    path = "runs/run1/metadata.json"
    other = second if where == "two mounts" else mount
    assert machine.sh(HOLD, LOCK, kind, "shared", f"{mount}/{path}") == "taken"
    assert machine.sh(TRY, LOCK, kind, "shared", f"{other}/{path}") == "taken"


@pytest.mark.parametrize("where", ["two processes", "two mounts"])
def test_exclusion_holds_and_a_killed_holder_frees_its_lock(
    where: str, machine: Machine, mount: str, second: str
) -> None:
    path = "runs/run1/metadata.json"
    other = second if where == "two mounts" else mount
    assert machine.sh(HOLD, LOCK, "flock", "exclusive", f"{mount}/{path}") == "taken"
    assert machine.sh(TRY, LOCK, "flock", "exclusive", f"{other}/{path}", limit_s=20) == "busy"
    assert machine.sh(TRY, LOCK, "flock", "shared", f"{other}/{path}", limit_s=20) == "busy"
    waiting = machine.start("flock -x $1 echo had it", f"{other}/{path}", limit_s=60)
    machine.sh("kill -9 $(cat /run/tmp/holder)")
    assert waiting.result().text == "had it"


def test_a_lock_is_claimed_again_after_the_daemon_was_killed(
    machine: Machine, daemon: Daemon, mount: str, second: str
) -> None:
    path = "runs/run1/metadata.json"
    assert machine.sh(HOLD, LOCK, "flock", "exclusive", f"{mount}/{path}") == "taken"
    daemon.kill()
    daemon.start()
    # The kernel asks again until the grace period is over; without a claim it would then have the lock.
    assert machine.sh(TRY, LOCK, "flock", "exclusive", f"{second}/{path}", limit_s=60) == "busy"
    machine.sh("kill -9 $(cat /run/tmp/holder)")
    assert machine.sh(TRY, LOCK, "flock", "exclusive", f"{second}/{path}", limit_s=20) == "taken"
