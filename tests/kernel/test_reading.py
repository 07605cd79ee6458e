"""Reading the plain mount with the programs that people have."""

from __future__ import annotations

import hashlib
import json
import random

from kernel_client import Machine
from kernel_content import BIG, HOSTILE, MIB

DIGEST = hashlib.sha256(BIG).hexdigest()

PREADS = """
import os, sys
file = os.open(sys.argv[1], os.O_RDONLY)
for place in map(int, sys.argv[2:]):
    sys.stdout.buffer.write(os.pread(file, 4096, place))
"""
MAPPED = """
import hashlib, mmap, sys
with open(sys.argv[1], "rb") as file, mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as mapped:
    print(hashlib.sha256(mapped[:1]).hexdigest(), mapped[-5:].hex(), hashlib.sha256(mapped).hexdigest())
"""


def test_walk(machine: Machine, mount: str) -> None:
    found = machine.sh("cd $1 && find . -name '*.txt' -path './runs/*' | sort", mount).splitlines()
    assert found == sorted(f"./runs/files/files/small/{n % 10}/{n}.txt" for n in range(100))
    drawn = machine.sh("tree $1/sweeps", mount)
    assert "run1 -> ../../../runs/run1" in drawn
    assert "1 file" in drawn
    assert machine.sh("grep -r . $1/runs/files/files/small | wc -l", mount) == "100"


def test_copies_are_equal(machine: Machine, mount: str) -> None:
    script = """
    cd $1/runs/files/files && rm -rf /run/tmp/copy && mkdir /run/tmp/copy
    cp -a small /run/tmp/copy/cp && tar cf - small | (cd /run/tmp/copy && tar xf -)
    cd /run/tmp/copy && diff -r $1/runs/files/files/small cp && diff -r cp small && find . -type f | wc -l"""
    assert machine.sh(script, mount) == "200"


def test_rsync_copies_nothing_the_second_time(machine: Machine, mount: str) -> None:
    rsync = "rsync -a --no-owner --no-group --out-format='%i %n' $1/runs/ /run/tmp/rsync/"
    first = machine.sh(f"rm -rf /run/tmp/rsync; {rsync} --exclude big.bin", mount).splitlines()
    assert sum(line.startswith(">f") for line in first) >= 100
    assert machine.sh(f"{rsync} --exclude big.bin", mount) == ""


def test_sequential(machine: Machine, mount: str) -> None:
    assert machine.sh("sha256sum <$1/runs/files/files/big.bin", mount).split()[0] == DIGEST
    assert (
        machine.sh(
            "dd if=$1/runs/files/files/big.bin bs=1M iflag=direct status=none | sha256sum", mount
        ).split()[0]
        == DIGEST
    )


def test_random_preads(machine: Machine, mount: str) -> None:
    chance = random.Random(1)
    places = [chance.randrange(100 * MIB - 4096) for _ in range(100)] + [100 * MIB - 100, 100 * MIB]
    script = 'python3 -c "$1" "$2" "${@:3}"'
    read = machine.run(script, PREADS, f"{mount}/runs/files/files/big.bin", *map(str, places))
    assert read.status == 0
    assert read.output == b"".join(BIG[place : place + 4096] for place in places)


def test_mapped(machine: Machine, mount: str) -> None:
    told = machine.sh('python3 -c "$1" "$2"', MAPPED, f"{mount}/runs/files/files/big.bin").split()
    assert told == [hashlib.sha256(BIG[:1]).hexdigest(), BIG[-5:].hex(), DIGEST]


def test_space_and_sizes(machine: Machine, mount: str) -> None:
    size, used = map(int, machine.sh("df -B1 --output=size,used $1 | tail -1", mount).split())
    assert 0 < used <= size
    told = int(machine.sh("du -sb --apparent-size $1/runs/files/files/big.bin | cut -f1", mount))
    assert told == len(BIG)
    assert int(machine.sh("du -sk $1/runs/files/files | cut -f1", mount)) >= 100 * 1024


def test_attributes(machine: Machine, mount: str) -> None:
    script = "cd $1/runs && stat -c '%h %a %F %s' . files/files/small files/files/small/0/0.txt"
    told = machine.sh(script, mount)
    runs, small, file = told.splitlines()
    assert runs.split(" ", 2)[:2] == ["5", "555"]  # itself, its parent, and three runs
    assert small.split(" ", 2)[:2] == ["12", "555"]
    assert file == "1 444 regular file 13"
    metadata = json.loads(machine.sh("cat $1/runs/run1/metadata.json", mount))
    shown = machine.sh("date -u -d @$(stat -c %Y $1/runs/run1/metadata.json) +%Y-%m-%dT%H:%M:%S", mount)
    assert metadata["updated_at"].startswith(shown)


def test_links(machine: Machine, mount: str) -> None:
    assert machine.sh("cd $1/sweeps/sweep1/runs/run1 && pwd -P", mount) == f"{mount}/runs/run1"
    assert machine.sh("readlink $1/sweeps/sweep1/runs/run2", mount) == "../../../runs/run2"
    assert machine.sh("cd $1/projects/team/vision && pwd -P", mount) == mount


def test_hostile_names(machine: Machine, mount: str) -> None:
    script = """
    cd $1/runs/run2/files/hostile
    for name in *; do printf '%s\\0' "$name"; cat -- "$name"; printf '\\0'; done"""
    words = machine.run(script, mount).output.split(b"\0")[:-1]
    assert sorted(words[::2]) == sorted(name.encode() for name in HOSTILE)
    assert words[::2] == words[1::2]


def test_nothing_can_be_written(machine: Machine, mount: str) -> None:
    for attempt in (
        "touch new",
        "mkdir new",
        "rm metadata.json",
        "mv metadata.json other",
        "chmod 600 metadata.json",
        "ln -s a b",
        "rmdir files",
        "mkfifo pipe",
    ):
        refused = machine.run(f"cd $1/runs/run2 && {attempt}", mount)
        assert refused.status != 0, attempt
        assert "Read-only file system" in refused.text, f"{attempt}: {refused.text}"
    # Opening to write asks ACCESS first, which grants nothing that a write would then refuse: ARCHITECTURE.md
    # says why. `runfs mount` adds "ro", and then these say "Read-only file system" too (test_command.py).
    for attempt in ("echo more >>metadata.json", "truncate -s 0 metadata.json"):
        refused = machine.run(f"cd $1/runs/run2 && {attempt}", mount)
        assert refused.status != 0, attempt
        assert "Permission denied" in refused.text, f"{attempt}: {refused.text}"
