"""What a reader of the plain mount sees while things change: new lines and runs, replaced and deleted files.

And while the daemon dies or stands still.
"""

from __future__ import annotations

import hashlib
import json
import random
import signal
import time
from collections.abc import Callable
from concurrent.futures import Future

import pytest
from kernel_client import Machine, Result
from kernel_content import BIG, MIB, PROJECT
from kernel_daemon import Daemon

SEEN_LIMIT_S = 20.0
READ_FIRST = 8 * MIB

# One open reader: reads the first MiBs of a file, says so, and goes on to its end when told to.
READ_IN_TWO = f"""
import hashlib, os, sys, time
file = os.open(sys.argv[1], os.O_RDONLY)
digest = hashlib.sha256(os.read(file, {READ_FIRST}))
print(os.getpid(), file=open("/run/tmp/half", "w"))
while not os.path.exists("/run/tmp/go"):
    time.sleep(0.05)
while data := os.read(file, 1 << 20):
    digest.update(data)
print(digest.hexdigest())
"""


def eventually(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SEEN_LIMIT_S
    while not condition():
        assert time.monotonic() < deadline, "not seen in time"
        time.sleep(0.1)


def half_read(machine: Machine, path: str) -> Future[Result]:
    """A reader that has read the first part of a file and waits for /run/tmp/go; its pid: /run/tmp/half."""
    machine.sh("rm -f /run/tmp/half /run/tmp/go")
    reader = machine.start('python3 -c "$1" "$2"', READ_IN_TWO, path)
    eventually(lambda: machine.run("[ -s /run/tmp/half ]").status == 0)
    return reader


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def test_a_new_run_is_listed_at_once(machine: Machine, daemon: Daemon, mount: str) -> None:
    before = machine.sh("ls $1/runs", mount).split()
    daemon.ask("POST", "/runs", {"project": PROJECT, "id": "newcomer"})
    assert machine.sh("ls $1/runs", mount).split() == sorted([*before, "newcomer"])
    daemon.ask("DELETE", "/runs/newcomer")
    assert machine.sh("ls $1/runs", mount).split() == before


def test_metadata_shows_a_change_at_the_next_open(machine: Machine, daemon: Daemon, mount: str) -> None:
    for rate in (0.5, 0.25, 0.75):  # the same size each time
        daemon.ask("PATCH", "/runs/run2", {"config": {"rate": rate}})
        assert json.loads(machine.sh("cat $1/runs/run2/metadata.json", mount))["config"] == {"rate": rate}


def test_tail_follows_history_and_an_appended_file(machine: Machine, daemon: Daemon, mount: str) -> None:
    """Each line takes up to the 3 s for which a kernel believes in a file's size; both files wait at once."""
    daemon.ask("POST", "/runs", {"project": PROJECT, "id": "logging"})
    daemon.ask("POST", "/runs/logging/history", {"first_line": 0, "lines": [{"step": n} for n in range(3)]})
    file = daemon.upload("run2", "growing.log", b"one\n")
    tail = "exec tail -n +1 -f $1 >$2"
    followers = [
        machine.start(tail, f"{mount}/runs/logging/history.jsonl", "/run/tmp/followed"),
        machine.start(tail, f"{mount}/runs/run2/files/growing.log", "/run/tmp/grown"),
    ]

    def steps() -> list[int]:
        return [json.loads(text)["step"] for text in machine.run("cat /run/tmp/followed").text.splitlines()]

    eventually(lambda: steps() == [0, 1, 2])
    eventually(lambda: machine.run("cat /run/tmp/grown").output == b"one\n")
    daemon.append(file["id"], 4, b"two\n")
    for line in range(3, 6):
        daemon.ask("POST", "/runs/logging/history", {"first_line": line, "lines": [{"step": line}]})
        eventually(lambda: steps() == list(range(line + 1)))  # noqa: B023
    eventually(lambda: machine.run("cat /run/tmp/grown").output == b"one\ntwo\n")
    machine.sh("pkill -x tail")
    for follower in followers:
        follower.result()
    daemon.ask("DELETE", "/runs/logging")


@pytest.mark.parametrize("deleted", [False, True], ids=["replaced", "deleted"])
def test_an_open_reader_keeps_what_it_opened(
    deleted: bool, machine: Machine, daemon: Daemon, mount: str
) -> None:
    old, new = random.Random(2).randbytes(32 * MIB), random.Random(3).randbytes(20 * MIB)
    file = daemon.upload("run2", "model.bin", old)
    path = f"{mount}/runs/run2/files/model.bin"
    reader = half_read(machine, path)
    if deleted:
        daemon.ask("DELETE", f"/runs/files/{file['id']}")
    else:
        daemon.upload("run2", "model.bin", new)
    afterwards = machine.run("sha256sum <$1", path)
    machine.sh("touch /run/tmp/go")
    result = reader.result()
    assert (result.status, result.text) == (0, sha256(old))
    if deleted:
        assert "No such file or directory" in afterwards.text
    else:
        assert afterwards.text.split()[0] == sha256(new)
        daemon.ask("DELETE", f"/runs/files/{file['id']}")


def test_a_read_outlives_the_daemon(machine: Machine, daemon: Daemon, mount: str) -> None:
    reader = half_read(machine, f"{mount}/runs/files/files/big.bin")
    daemon.kill()
    machine.sh("touch /run/tmp/go")
    daemon.start()
    result = reader.result()
    assert (result.status, result.text) == (0, sha256(BIG))
    assert machine.sh("cat $1/runs/run1/metadata.json", mount)


def test_a_read_outlives_a_daemon_that_stands_still(machine: Machine, daemon: Daemon, mount: str) -> None:
    """SIGSTOP, and SIGCONT once the reader waits for an answer."""
    reader = half_read(machine, f"{mount}/runs/files/files/big.bin")
    daemon.signal(signal.SIGSTOP)
    machine.sh(
        "touch /run/tmp/go; until grep -qs folio_wait /proc/$(cat /run/tmp/half)/stack; do sleep 0.05; done"
    )
    daemon.signal(signal.SIGCONT)
    result = reader.result()
    assert (result.status, result.text) == (0, sha256(BIG))
