"""A mount with every port named: no portmapper is asked, locks stay in the client."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator

import pytest
from kernel_client import Machine
from kernel_content import BIG, MOUNT
from kernel_daemon import Daemon

OPTIONS = "nolock,proto=tcp,port=2049,mountport=2049"


@pytest.fixture(scope="module")
def explicit(machine: Machine, daemon: Daemon) -> Iterator[str]:
    machine.sh(f"mount -t nfs -o {OPTIONS} localhost:/ {MOUNT}")
    yield MOUNT
    machine.sh(f"umount {MOUNT}")


def test_list_all(machine: Machine, explicit: str) -> None:
    listed = machine.sh("ls -lR $1", explicit)
    for line in ("runs:", "runs/run1:", "runs/files/files/small/9:", "sweeps/sweep1/runs:"):
        assert f"{explicit}/{line}\n" in listed
    assert "run1 -> ../../../runs/run1" in listed
    assert "?" not in listed


def test_metadata_is_whole_at_the_first_read(machine: Machine, explicit: str) -> None:
    text = machine.sh("cat $1/runs/run1/metadata.json", explicit)
    assert json.loads(text)["config"] == {"rate": 0.125}
    size, read = machine.sh(
        "stat -c %s $1/runs/run2/metadata.json; wc -c <$1/runs/run2/metadata.json", explicit
    ).split()
    assert size == read


def test_a_large_file_arrives_whole(machine: Machine, explicit: str) -> None:
    told = machine.sh("sha256sum <$1/runs/files/files/big.bin", explicit)
    assert told.split()[0] == hashlib.sha256(BIG).hexdigest()


def test_through_a_sweeps_link(machine: Machine, explicit: str) -> None:
    where = machine.sh("cd $1/sweeps/sweep1/runs/run2 && pwd -P && cat history.jsonl", explicit).splitlines()
    assert where[0] == f"{explicit}/runs/run2"
    assert [json.loads(line)["step"] for line in where[1:]] == [0, 1, 2]
