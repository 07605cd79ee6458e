"""Locks taken in a guest: one that is held until it is let go, and attempts at others."""

from __future__ import annotations

from concurrent.futures import Future

from kernel_client import Machine, Result

# KIND MODE FILE: takes a lock without waiting; says "taken" or "busy"; holds it while its input is open.
_LOCK = """
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
_HOLD = """
rm -f /run/tmp/pipe /run/tmp/held; mkfifo /run/tmp/pipe
python3 -c "$1" $2 $3 "$4" <>/run/tmp/pipe >/run/tmp/held &
echo $! >/run/tmp/holder
until [ -s /run/tmp/held ]; do sleep 0.05; done; cat /run/tmp/held
"""


def hold(machine: Machine, kind: str, mode: str, path: str) -> str:
    """Take a lock, of kind "flock" or "fcntl", and keep it until `release`: "taken", or "busy"."""
    return machine.sh(_HOLD, _LOCK, kind, mode, path)


def attempt(machine: Machine, kind: str, mode: str, path: str, limit_s: float = 20.0) -> str:
    """Take a lock without waiting and give it back at once: "taken", or "busy"."""
    return machine.sh('python3 -c "$1" $2 $3 "$4" </dev/null', _LOCK, kind, mode, path, limit_s=limit_s)


def wait_for(machine: Machine, path: str, limit_s: float) -> Future[Result]:
    """Wait for an exclusive lock that another machine holds; "had it" is the output then.

    Returns once the server has answered that it must be waited for.
    """
    waiting = machine.start("flock -x $1 echo had it", path, limit_s=limit_s)
    machine.sh("until grep -qs nlmclnt_block /proc/$(pgrep -x flock)/stack; do sleep 0.05; done")
    return waiting


def release(machine: Machine) -> None:
    """Kill the holder, if there is one."""
    machine.run("[ ! -e /run/tmp/holder ] || kill -9 $(cat /run/tmp/holder); rm -f /run/tmp/holder")
