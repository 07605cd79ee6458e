"""`runfs mount` and `runfs umount`: chooses the form that works on this machine, says it, runs it."""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import shlex
import shutil
import subprocess
from pathlib import Path

from runfs import mount_form
from runfs.errors import CommandError
from runfs.mounts import is_mounted
from runfs.probe import reach
from runfs.reading import daemon_address
from runfs.settings import nfs_address

SYSTEM_PATH = "/usr/sbin:/sbin"  # where mount.nfs is, which is not on everybody's path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags of `runfs mount`, or of `runfs umount`."""
    add = parser.add_argument
    if parser.prog.endswith("umount"):
        add("folder", metavar="DIR", type=absolute)
        return
    add("folder", metavar="DIR", nargs="?", type=absolute, help="where; made if it is missing")
    add("--print", action="store_true", dest="only_print", help="say what would be run")
    add("--conf", action="store_true", help=f"print a {mount_form.CONF_FILE} for the plain form")
    add("--path", default="/", help="what to mount, as /projects/ENTITY/PROJECT; %(default)s")
    add("--nfs", metavar="HOST:PORT", type=nfs_address, help="where the daemon answers")


def absolute(text: str) -> Path:
    """An argument that is a folder. Its links are not resolved: a dead mount would never answer."""
    return Path(os.path.abspath(Path(text).expanduser()))  # noqa: PTH100


def run(arguments: argparse.Namespace) -> int:
    """Do what the command's name says. Raises CommandError."""
    return umount(arguments) if arguments.command == "umount" else mount(arguments)


def mount(arguments: argparse.Namespace) -> int:
    """Mount, or print how. Raises CommandError where it cannot work."""
    address = arguments.nfs or daemon_address()
    if arguments.conf:
        print(mount_form.conf(address), end="")
        return 0
    if arguments.folder is None:
        raise CommandError("where? runfs mount DIR")
    found = asyncio.run(reach(address))
    if not found.serves:
        raise CommandError(f"nothing serves NFS at {address}; start it with `runfs serve`", 1)
    command = mount_form.command(found, arguments.path, arguments.folder, platform.system())
    print(shlex.join(command), flush=True)
    if arguments.only_print:
        return 0
    if os.geteuid() != 0:
        raise CommandError("only root may mount: run the line above with sudo")
    if platform.system() == "Linux" and not has_mount_nfs():
        raise CommandError("mount.nfs is not installed (Debian: apt-get install nfs-common)")
    arguments.folder.mkdir(parents=True, exist_ok=True)
    return subprocess.run(command).returncode


def umount(arguments: argparse.Namespace) -> int:
    """Take a mount away, also one whose daemon has gone. Raises CommandError."""
    if not is_mounted(arguments.folder):
        raise CommandError(f"nothing is mounted on {arguments.folder}", 1)
    if os.geteuid() != 0:
        raise CommandError(f"only root may unmount: sudo umount {shlex.quote(str(arguments.folder))}")
    return subprocess.run(["umount", str(arguments.folder)]).returncode


def has_mount_nfs() -> bool:
    """Whether mount(8) can mount NFS here."""
    return shutil.which("mount.nfs", path=f"{os.environ.get('PATH', '')}:{SYSTEM_PATH}") is not None
