"""Large directories: every name once, while others come and go; every cookie can be sought."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import wait

import pytest
from catalog_rows import add_files, opened
from kernel_client import Machine
from kernel_content import PROJECT, SECOND
from kernel_daemon import Daemon

COUNT = 100_000
PAUSE_S = 2.0  # after each change a kernel asks again for names that it had; ls -l then takes longer
SOUGHT = 4_000

# getdents64 with a small buffer, as a program with many open directories would use: a seek costs one call.
SEEK_ALL = """
import ctypes, os, struct, sys
libc, buffer = ctypes.CDLL(None), ctypes.create_string_buffer(512)
directory = os.open(sys.argv[1], os.O_RDONLY | os.O_DIRECTORY)

def read():
    size, at, found = libc.syscall(217, directory, buffer, len(buffer)), 0, []
    while at < size:
        _, cookie, length, _ = struct.unpack_from("<QQHB", buffer, at)
        found.append((buffer.raw[at + 19 : at + length].partition(b"\\0")[0], cookie))
        at += length
    return found

entries = []
while found := read():
    entries += found
places = [0] + [cookie for _, cookie in entries]
for (name, _), place in reversed(list(zip(entries, places))):
    os.lseek(directory, place, os.SEEK_SET)
    assert read()[0][0] == name, (name, place)
print(len(entries))
"""


@pytest.fixture(scope="module")
def large(machine: Machine, daemon: Daemon) -> Iterator[str]:
    """A run with directories of 100,000 and of 4,000 files."""
    daemon.ask("POST", "/runs", {"project": PROJECT, "id": "large"})
    daemon.upload("large", "many/seed", b"seed")
    daemon.upload("large", "some/seed", b"seed")
    daemon.stop()
    with opened(daemon.data) as catalog:
        add_files(catalog, "many", [f"file{number}" for number in range(COUNT)])
        add_files(catalog, "some", [f"file{number}" for number in range(SOUGHT)])
    daemon.start()
    yield "runs/large/files"
    daemon.ask("DELETE", "/runs/large")


# Some 32,000 entries into a directory this kernel goes on with READDIR, which tells no types: find looks up
# each name behind them.
@pytest.mark.parametrize(
    "lister",
    ["ls -f $1", "ls -l $1 | awk 'NR > 1 {print $NF}'", "find $1 -mindepth 1 -printf '%f\\n'"],
    ids=["ls -f", "ls -l", "find"],
)
def test_each_name_once_while_others_come_and_go(
    lister: str, machine: Machine, daemon: Daemon, large: str, mount: str
) -> None:
    """The plain mount, nothing cached; until the listing has ended a file appears and goes every PAUSE_S."""
    listing = machine.start(lister, f"{mount}/{large}/many", limit_s=240)
    passed = 0
    while not listing.done():
        file = daemon.upload("large", f"many/passing{passed}", b"")
        daemon.ask("DELETE", f"/runs/files/{file['id']}")
        passed += 1
        wait([listing], timeout=PAUSE_S)
    listed = listing.result().text.split("\n")
    stayed = [name for name in listed if name.startswith("file")]
    assert len(stayed) == COUNT
    assert len(set(stayed)) == COUNT
    assert len(set(listed)) == len(listed)
    assert passed


@pytest.fixture
def small_replies(machine: Machine, daemon: Daemon) -> Iterator[str]:
    """A mount whose every READDIR fetches a page: each seek asks the server, for no more than it needs."""
    machine.sh(f"mount -t nfs -o rsize=4096 localhost:/ {SECOND}")
    yield SECOND
    machine.sh(f"umount {SECOND}")


def test_every_cookie_can_be_sought(machine: Machine, large: str, small_replies: str) -> None:
    """A mount with rsize=4096, whose replies are as short: backwards, so that each seek asks the server."""
    told = machine.sh('python3 -c "$1" "$2"', SEEK_ALL, f"{small_replies}/{large}/some", limit_s=240)
    assert int(told) == SOUGHT + 3  # the seed, "." and ".."
