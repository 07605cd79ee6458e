"""Large directories: every name once, while others come and go; every cookie can be sought."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from kernel_client import Machine
from kernel_content import PROJECT
from kernel_daemon import Daemon
from large_directory import add_files

COUNT = 100_000
PASSING = 10  # the client reads a directory again from its start whenever it changed
FOUND = 10_000
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
    """A run with directories of 100,000, 10,000 and 4,000 files; the daemon started again over them."""
    daemon.ask("POST", "/runs", {"project": PROJECT, "id": "large"})
    daemon.upload("large", "many/seed", b"seed")
    daemon.upload("large", "several/seed", b"seed")
    daemon.upload("large", "some/seed", b"seed")
    daemon.stop()
    add_files(daemon.data / "catalog.sqlite3", "many", COUNT)
    add_files(daemon.data / "catalog.sqlite3", "several", FOUND)
    add_files(daemon.data / "catalog.sqlite3", "some", SOUGHT)
    daemon.start()
    yield "runs/large/files"
    daemon.ask("DELETE", "/runs/large")


# After a few replies of READDIRPLUS this kernel asks READDIR, which tells no types: find then looks up each
# name, which takes a minute for 100,000.
@pytest.mark.parametrize(
    ("lister", "directory", "count"),
    [
        ("ls -f $1", "many", COUNT),
        ("ls -l $1 | awk 'NR > 1 {print $NF}'", "many", COUNT),
        ("find $1 -mindepth 1 -printf '%f\\n'", "several", FOUND),
    ],
    ids=["ls -f", "ls -l", "find"],
)
def test_each_name_once_while_others_come_and_go(
    lister: str, directory: str, count: int, machine: Machine, daemon: Daemon, large: str, mount: str
) -> None:
    def come_and_go() -> None:
        for number in range(PASSING):
            file = daemon.upload("large", f"{directory}/passing{number}", b"")
            daemon.ask("DELETE", f"/runs/files/{file['id']}")

    listing = machine.start(lister, f"{mount}/{large}/{directory}", limit_s=120)
    come_and_go()
    listed = listing.result().text.split("\n")
    stayed = [name for name in listed if name.startswith("file")]
    assert len(stayed) == count
    assert len(set(stayed)) == count
    assert len(set(listed)) == len(listed)


def test_every_cookie_can_be_sought(machine: Machine, large: str, mount: str) -> None:
    told = machine.sh('python3 -c "$1" "$2"', SEEK_ALL, f"{mount}/{large}/some", limit_s=240)
    assert int(told) == SOUGHT + 3  # the seed, "." and ".."
