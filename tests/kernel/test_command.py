"""`runfs mount`, `umount` and `doctor`, run where the client is."""

from __future__ import annotations

import sys

import pytest
from kernel_client import Machine
from kernel_content import MOUNT
from kernel_daemon import ROOT, Daemon

RUNFS = f"cd {ROOT} && {sys.executable} -m runfs"
NFS = "--nfs 127.0.0.1:2049"


def test_mount_chooses_the_plain_form_and_umount_takes_it_away(machine: Machine, daemon: Daemon) -> None:
    assert machine.sh(f"{RUNFS} mount {NFS} {MOUNT}") == f"mount -t nfs localhost:/ {MOUNT}"
    assert "runs" in machine.sh(f"ls {MOUNT}").split()
    machine.sh(f"{RUNFS} umount {MOUNT}")
    assert machine.run(f"mountpoint -q {MOUNT}").status != 0


def test_doctor_finds_nothing_in_the_way(machine: Machine, daemon: Daemon) -> None:
    told = machine.sh(f"{RUNFS} doctor {NFS}")
    assert "mounts need no options" in told
    assert told.splitlines()[-1] == "A mount would work: runfs mount DIR"


@pytest.mark.usefixtures("daemon")
def test_the_drop_in_decides_for_the_plain_form(machine: Machine) -> None:
    folder = "/etc/nfsmount.conf.d"
    machine.sh(f"mkdir -p {folder} && {RUNFS} mount --conf {NFS} >{folder}/runfs.conf")
    try:
        machine.sh(f"mount -t nfs localhost:/ {MOUNT}")
        options = machine.sh(f'grep " {MOUNT} nfs " /proc/mounts')
        machine.sh(f"umount {MOUNT}")
    finally:
        machine.sh(f"rm {folder}/runfs.conf")
    assert "mountport=2049" in options
    assert "local_lock=all" in options
