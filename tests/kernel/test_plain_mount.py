"""The literal `mount -t nfs localhost:/ /mnt/wandb`: no option, no other daemon, no file edited."""

from __future__ import annotations

from kernel_client import Machine
from kernel_content import SECOND, mount_cold
from kernel_daemon import Daemon


def test_cold_twenty_times(machine: Machine, daemon: Daemon) -> None:
    mount_cold(machine, rounds=20)


def test_what_the_mount_became(machine: Machine, mount: str) -> None:
    options = machine.sh('grep " $1 nfs " /proc/mounts', mount)
    assert "vers=3" in options
    assert "proto=tcp" in options
    assert "rsize=1048576" in options
    assert "local_lock=none" in options


def test_two_exports_together(machine: Machine, mount: str) -> None:
    machine.sh("mount -t nfs localhost:/projects/team/speech $1", SECOND)
    try:
        assert machine.sh("ls $1/runs", SECOND) == "talk"
        assert machine.sh("ls $1/projects/team", mount).split() == ["speech", "vision"]
        assert machine.sh("ls $1/projects/team/speech/runs", mount) == "talk"
        assert machine.sh("ls $1/runs", mount).split() == ["files", "run1", "run2"]
    finally:
        machine.sh("umount $1", SECOND)


def test_the_default_projects_path_is_the_root(machine: Machine, daemon: Daemon) -> None:
    machine.sh("mount -t nfs localhost:/projects/team/vision $1", SECOND)
    try:
        assert "projects" in machine.sh("ls $1", SECOND).split()
    finally:
        machine.sh("umount $1", SECOND)


def test_what_is_not_there_is_refused(machine: Machine, daemon: Daemon) -> None:
    assert machine.run("mount -t nfs localhost:/absent $1", SECOND).status == 32
    # Without vers=3, mount.nfs reports what version 4 said, not the path.
    refused = machine.run("mount -t nfs -o vers=3 localhost:/absent $1", SECOND)
    assert refused.status == 32
    assert "No such file or directory" in refused.text
