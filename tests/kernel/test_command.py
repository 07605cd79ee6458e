"""`runfs mount`, `umount` and `doctor`, run where the client is: each as its user would meet it."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from kernel_client import Machine
from kernel_content import MOUNT, SECOND
from kernel_daemon import RUNFS, Daemon

AS_USER = "setpriv --reuid 1000 --regid 1000 --clear-groups"
"""The data folder is root's, so this user's commands try the daemon's default address."""


@pytest.fixture(autouse=True)
def _nothing_mounted(machine: Machine, daemon: Daemon) -> Iterator[None]:
    yield
    machine.run(f"umount -f -l {MOUNT}; umount -f -l {SECOND}")


def test_mount_and_umount(machine: Machine, daemon: Daemon) -> None:
    """`runfs mount` where nothing is in the way: the plain form, read-only; said and done once."""
    assert machine.sh(f"{RUNFS} mount {MOUNT}") == f"mount -t nfs -o ro localhost:/ {MOUNT}"
    assert "runs" in machine.sh(f"ls {MOUNT}").split()
    assert machine.sh(f"{RUNFS} mount {MOUNT}") == f"localhost:/ is mounted on {MOUNT} already"
    assert machine.sh(f"{RUNFS} umount {MOUNT}") == ""
    assert machine.run(f"mountpoint -q {MOUNT}").status != 0


def test_what_opens_to_write_is_told_that_it_is_read_only(machine: Machine, daemon: Daemon) -> None:
    """`runfs mount`, beside the plain mount of the same export, where ACCESS refuses first."""
    machine.sh(f"mount -t nfs localhost:/ {SECOND} && {RUNFS} mount {MOUNT}")
    for attempt in ("echo more >>metadata.json", "truncate -s 0 metadata.json", "touch metadata.json"):
        refused = machine.run(f"cd {MOUNT}/runs/run2 && {attempt}")
        assert refused.status != 0
        assert "Read-only file system" in refused.text, f"{attempt}: {refused.text}"


def test_a_folder_in_use_stays(machine: Machine, daemon: Daemon) -> None:
    """`runfs umount` while a program is in the folder, of the plain mount."""
    machine.sh(f"mount -t nfs localhost:/ {MOUNT}")
    sitting = machine.start(f"cd {MOUNT}/runs && touch /run/tmp/there && exec sleep 60")
    machine.sh("until [ -e /run/tmp/there ]; do sleep 0.05; done; rm /run/tmp/there")
    refused = machine.run(f"{RUNFS} umount {MOUNT}")
    assert refused.status != 0
    assert f"`fuser -vm {MOUNT}` says who is in it" in refused.text
    machine.sh("pkill -x sleep")
    sitting.result()
    machine.sh(f"{RUNFS} umount {MOUNT}")


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (f"{RUNFS} mount --path /absent {MOUNT}", "/absent is no folder of the served tree"),
        (f"touch /run/tmp/file; {RUNFS} mount /run/tmp/file", "/run/tmp/file is no folder"),
        (
            f"mount -t tmpfs other {MOUNT}; {RUNFS} mount {MOUNT}",
            f"other is mounted on {MOUNT}; choose another",
        ),
        (f"cd / && {AS_USER} {RUNFS} mount {MOUNT}", "only root may mount: run the line above with sudo"),
        (f"{RUNFS} umount {MOUNT}", f"nothing is mounted on {MOUNT}"),
    ],
    ids=["no such path", "a file", "another mount", "a user", "no mount"],
)
def test_what_is_wrong_is_said(command: str, said: str, machine: Machine, daemon: Daemon) -> None:
    """`runfs mount` and `umount`, where they cannot work."""
    refused = machine.run(command)
    assert refused.status in (1, 2)
    assert said in refused.text
    assert "Traceback" not in refused.text


def test_without_nfs_common(machine: Machine, daemon: Daemon) -> None:
    """`runfs mount` and `doctor` on a machine without mount.nfs."""
    machine.sh("mv /sbin/mount.nfs /sbin/mount.nfs.away")
    try:
        for command in (f"mount {MOUNT}", "doctor"):
            refused = machine.run(f"{RUNFS} {command}")
            assert refused.status != 0
            assert "mount.nfs is not installed" in refused.text
            assert "apt-get install nfs-common" in refused.text
    finally:
        machine.sh("mv /sbin/mount.nfs.away /sbin/mount.nfs")


def test_a_daemon_on_another_port(machine: Machine, daemon: Daemon, tmp_path: Path) -> None:
    """`runfs mount --nfs` of one that the portmapper does not know: names its port, locks in the client."""
    other = Daemon(
        machine, tmp_path / "data", "--nfs", "127.0.0.1:0", "--http", "127.0.0.1:0", "--portmap", "off"
    )
    other.start()
    try:
        serving = other.serving()
        assert serving is not None
        port = serving["nfs"].rpartition(":")[2]
        said = machine.sh(f"{RUNFS} mount --nfs 127.0.0.1:{port} {MOUNT}")
        options = f"ro,vers=3,proto=tcp,port={port},mountproto=tcp,mountport={port},nolock"
        assert said == f"mount -t nfs -o {options} localhost:/ {MOUNT}"
        assert machine.sh(f"ls {MOUNT}/runs") == ""  # it has none; the other daemon has
        assert machine.sh(f"{RUNFS} umount {MOUNT}") == ""
    finally:
        assert other.stop() == 0


def test_doctor_finds_nothing_in_the_way(machine: Machine, daemon: Daemon) -> None:
    """`runfs doctor`, no mount."""
    told = machine.sh(f"{RUNFS} doctor")
    assert "mounts need no ports" in told
    assert told.splitlines()[-1] == "A mount would work: runfs mount DIR"


def test_a_dead_mount_is_found_and_taken_away(machine: Machine, daemon: Daemon) -> None:
    """A mount whose attributes are no longer believed (actimeo=1), the daemon stopped, then killed.

    An umount without flags would ask the daemon for the folder's attributes, and hang.
    """
    machine.sh(f"mount -t nfs -o actimeo=1 localhost:/ {MOUNT}")
    daemon.signal(signal.SIGSTOP)
    told = machine.run(f"{RUNFS} doctor")
    daemon.signal(signal.SIGCONT)
    assert told.status == 1
    assert "✗ what listens at 127.0.0.1:2049 gives no NFS answer" in told.text
    assert f"! the mount on {MOUNT} does not answer\n    `runfs umount {MOUNT}`" in told.text
    daemon.kill()
    try:
        refused = machine.run(f"{RUNFS} mount {MOUNT}")
        assert "nothing serves NFS at 127.0.0.1:2049; start it with `runfs serve`" in refused.text
        machine.sh(f"{RUNFS} umount {MOUNT}", limit_s=20)
        assert machine.run(f"grep -q ' {MOUNT} ' /proc/mounts").status != 0
    finally:
        daemon.start()


@pytest.mark.usefixtures("daemon")
def test_the_drop_in_decides_for_the_plain_form(machine: Machine) -> None:
    """The plain mount, with what `runfs mount --conf` prints in nfsmount.conf.d."""
    folder = "/etc/nfsmount.conf.d"
    machine.sh(f"mkdir -p {folder} && {RUNFS} mount --conf >{folder}/runfs.conf")
    try:
        machine.sh(f"mount -t nfs localhost:/ {MOUNT}")
        options = machine.sh(f'grep " {MOUNT} nfs " /proc/mounts')
    finally:
        machine.sh(f"rm {folder}/runfs.conf")
    assert "mountport=2049" in options
    assert "local_lock=all" in options
