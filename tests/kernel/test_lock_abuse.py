"""What could leave who locks hanging, and does not: thousands of locks, and garbage at the lock manager."""

from __future__ import annotations

import random
import socket

from kernel_client import Machine
from kernel_content import MOUNT
from kernel_daemon import Daemon

FILE = f"{MOUNT}/runs/run1/metadata.json"
LOCKS = 1000
DATAGRAMS = 2000

MANY = """
import fcntl, sys
file = open(sys.argv[1], "rb")
for kind in (fcntl.LOCK_SH | fcntl.LOCK_NB, fcntl.LOCK_UN):
    for number in range(int(sys.argv[2])):
        fcntl.lockf(file, kind, 1, 2 * number)
    print(kind, flush=True)
"""


def test_a_thousand_locks_of_one_program(machine: Machine, mount: str) -> None:
    """The plain mount; ranges that do not touch, taken and given back one by one."""
    told = machine.sh('python3 -c "$1" "$2" "$3"', MANY, FILE, str(LOCKS))
    assert told.split() == ["5", "8"]  # LOCK_SH | LOCK_NB, LOCK_UN
    assert machine.sh(f"flock -x {FILE} echo had it") == "had it"


def test_garbage_at_the_lock_manager(machine: Machine, daemon: Daemon, mount: str) -> None:
    """The plain mount; datagrams and connections of chance, half of them with the head of a call."""
    chance = random.Random(5)
    with machine.network(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
        for number in range(DATAGRAMS):
            call = [1, 0, 2, 100021, 4, chance.randrange(25), 0, 0, 0, 0]
            head = b"".join(word.to_bytes(4, "big") for word in call) if number % 2 else b""
            datagrams.sendto(head + chance.randbytes(chance.randrange(400)), ("127.0.0.1", 2049))
        for _ in range(50):
            with socket.create_connection(("127.0.0.1", 2049)) as connection:
                connection.sendall(chance.randbytes(2000))
    assert machine.sh(f"flock -x {FILE} echo had it", limit_s=20) == "had it"
