"""`runfs mount` and `runfs umount`: chooses the form that works on this machine, says it, runs it."""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

from runfs import mount_form
from runfs.errors import CommandError
from runfs.mounts import is_stale, mounted_on
from runfs.probe import reach, refusal
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
    add("--path", default="/", help="what to mount, such as /projects/ENTITY/PROJECT (default: %(default)s)")
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
    refused = asyncio.run(refusal(address, arguments.path))
    if refused:
        raise CommandError(refused, 1)
    command = mount_form.command(found, arguments.path, arguments.folder, platform.system())
    if arguments.only_print:
        print(shlex.join(command))
        return 0
    if _is_there(command[-2], arguments.folder):
        print(f"{command[-2]} is mounted on {arguments.folder} already")
        return 0
    if platform.system() == "Linux" and not has_mount_nfs():
        raise CommandError("mount.nfs is not installed (Debian: apt-get install nfs-common)")
    _make(arguments.folder)
    print(shlex.join(command), flush=True)
    if os.geteuid() != 0:
        raise CommandError("only root may mount: run the line above with sudo")
    status = subprocess.run(command).returncode
    if status:
        print("runfs mount: that failed; `runfs doctor` looks for the cause", file=sys.stderr)
    return status


def umount(arguments: argparse.Namespace) -> int:
    """Take a mount away, also one whose daemon has gone. Raises CommandError."""
    folder = arguments.folder
    there = mounted_on(folder)
    if there is None:
        raise CommandError(f"nothing is mounted on {folder}", 1)
    # An umount without flags asks a dead server for the folder's attributes first, and waits for it.
    command = ["umount", *(["-f", "-l"] if is_stale(there) else []), str(folder)]
    if os.geteuid() != 0:
        raise CommandError(f"only root may unmount: sudo {shlex.join(command)}")
    status = subprocess.run(command).returncode
    if status:
        name = shlex.quote(str(folder))
        hint = f"`fuser -vm {name}` says who is in it; `umount -l {name}` takes it away once they are done"
        print(f"runfs umount: {hint}", file=sys.stderr)
    return status


def _is_there(source: str, folder: Path) -> bool:
    """Whether that is mounted on the folder, and answers. Raises CommandError for any other mount there."""
    there = mounted_on(folder)
    if there is None:
        return False
    if there.source != source:
        raise CommandError(f"{there.source} is mounted on {folder}; choose another folder")
    if is_stale(there):
        name = shlex.quote(str(folder))
        raise CommandError(
            f"the mount on {folder} does not answer: `runfs umount {name}`, then mount again", 1
        )
    return True


def _make(folder: Path) -> None:
    """Have the folder there, and say it where it hides something. Raises CommandError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            print(f"runfs mount: while it is mounted, what {folder} holds is hidden", file=sys.stderr)
    except FileExistsError:
        raise CommandError(f"{folder} is no folder; choose another") from None
    except OSError as error:
        raise CommandError(
            f"{folder}: {error.strerror}; make the folder with sudo, or choose another"
        ) from None


def has_mount_nfs() -> bool:
    """Whether mount(8) can mount NFS here."""
    return shutil.which("mount.nfs", path=f"{os.environ.get('PATH', '')}:{SYSTEM_PATH}") is not None
