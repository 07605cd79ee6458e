"""The forms of mount(8) that reach the daemon, and which one works where.

The plain form, `mount -t nfs localhost:/ DIR`, tries NFS on port 2049 and asks a portmapper on port 111. It
needs NFS, MOUNT and a status monitor there; without a lock manager locks would hang, so `nolock` is added.
Where any of it is missing, the explicit form names every port, and asks nobody else.

`ro` is always added: the mount can do without, but who opens a file to write is then told "Permission denied"
by the server's ACCESS, and with it "Read-only file system" by the kernel.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path

from runfs.settings import NFS_PORT, Address

CONF_FILE = "/etc/nfsmount.conf.d/runfs.conf"
EXAMPLE = Path("/mnt/wandb")


@dataclass(frozen=True, slots=True)
class Reach:
    """What was found of a daemon: whether NFS answers, and what the portmapper of its host knows of it."""

    nfs: Address
    serves: bool
    has_portmapper: bool = False
    knows_nfs: bool = False  # NFS and MOUNT, at that port
    knows_status: bool = False
    knows_locks: bool = False

    @property
    def plain(self) -> bool:
        """Whether the form without ports works."""
        return self.nfs.port == NFS_PORT and self.knows_nfs and self.knows_status


def command(found: Reach, path: str, folder: Path, system: str) -> list[str]:
    """The command that mounts `path` on `folder`; `system` is the name that uname gives."""
    port = found.nfs.port
    if system == "Darwin":  # mount_nfs(8); its lock manager would want a portmapper on port 111
        options = f"vers=3,tcp,port={port},mountport={port},nolocks,rdonly"
    elif not found.plain:
        options = f"ro,vers=3,proto=tcp,port={port},mountproto=tcp,mountport={port},nolock"
    else:
        options = "ro" if found.knows_locks else "ro,nolock"
    return [
        "mount",
        "-t",
        "nfs",
        "-o",
        options,
        f"{host(found.nfs)}:{path}",
        str(folder),
    ]


def explicit_mount(address: Address) -> str:
    """The form that needs no portmapper, as a line for a shell."""
    return shlex.join(command(Reach(address, serves=True), "/", EXAMPLE, "Linux"))


def conf(address: Address) -> str:
    """A drop-in for nfsmount.conf(5) that makes the plain form work with this address, on any port."""
    port = address.port
    return (
        f"# {CONF_FILE}: for `mount -t nfs {host(address)}:/ DIR` with no option and no portmapper\n"
        f'[ Server "{host(address)}" ]\n'
        f"nfsvers=3\nproto=tcp\nport={port}\nmountproto=tcp\nmountport={port}\nlock=False\n"
    )


def host(address: Address) -> str:
    """The host as mount(8) wants it."""
    if address.host in ("127.0.0.1", "0.0.0.0", "::"):
        return "localhost"
    return f"[{address.host}]" if ":" in address.host else address.host
