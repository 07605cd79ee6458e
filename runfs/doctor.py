"""`runfs doctor`: what stands between this machine and a mount, each finding with its remedy."""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import shlex
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from runfs import mount_form
from runfs.mount_form import Reach
from runfs.mounting import has_mount_nfs
from runfs.mounts import is_stale, mounts
from runfs.probe import reach, refusal
from runfs.reading import daemon_address
from runfs.settings import Address, nfs_address


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at; `remedy` is what to do about it, `blocks` says that no mount works."""

    text: str
    remedy: str = ""
    blocks: bool = False


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add where the daemon is meant to be."""
    parser.add_argument("--nfs", metavar="HOST:PORT", type=nfs_address, help="where the daemon answers")


def run(arguments: argparse.Namespace) -> int:
    """Print the findings; 0 if a mount would work, else 1."""
    address: Address = arguments.nfs or daemon_address()
    findings = [*of_machine(platform.system()), *asyncio.run(_asked(address))]
    for finding in findings:
        mark = "✗" if finding.blocks else "!" if finding.remedy else "✓"
        print(f"{mark} {finding.text}" + (f"\n    {finding.remedy}" if finding.remedy else ""))
    works = not any(finding.blocks for finding in findings)
    how = "runfs mount DIR" if os.geteuid() == 0 else "as root, runfs mount DIR"
    print(f"A mount would work: {how}" if works else "A mount would not work.")
    return 0 if works else 1


async def _asked(address: Address) -> list[Finding]:
    """What the daemon and the mounts answer: all asked at once, for who hangs is waited for."""
    found, listens, of_all_mounts = await asyncio.gather(
        reach(address), asyncio.to_thread(is_open, address), asyncio.to_thread(lambda: list(of_mounts()))
    )
    of_its_export = of_export(await refusal(address, "/")) if found.serves else ()
    return [*of_daemon(found, listens), *of_its_export, *of_all_mounts]


def of_machine(system: str) -> Iterator[Finding]:
    """What the machine itself lacks."""
    if system == "Linux":
        if has_mount_nfs():
            yield Finding("mount.nfs is installed")
        else:
            yield Finding("mount.nfs is not installed", "Debian: apt-get install nfs-common", blocks=True)
        if not Path("/etc/protocols").exists():
            yield Finding("/etc/protocols is missing", "Debian: apt-get install netbase", blocks=True)
        if not knows_nfs(Path("/proc/filesystems"), Path("/lib/modules", platform.release())):
            remedy = "in a container, mount on its host; else install the kernel's modules"
            yield Finding("this kernel has no NFS client", remedy, blocks=True)
    if os.geteuid() == 0:
        yield Finding("you are root")
    else:
        yield Finding("you are not root, who alone may mount", "use sudo")


def of_daemon(found: Reach, is_open: bool) -> Iterator[Finding]:
    """What the daemon and the portmapper beside it lack."""
    if found.serves:
        yield Finding(f"NFS answers at {found.nfs}")
    elif is_open:
        remedy = "restart the daemon if it hangs; if the port is another's, `runfs serve --nfs HOST:PORT`"
        yield Finding(f"what listens at {found.nfs} gives no NFS answer", remedy, blocks=True)
    else:
        yield Finding(f"nothing answers at {found.nfs}", "start `runfs serve`", blocks=True)
    if not found.serves:
        return
    explicit = "`runfs mount` names them: " + mount_form.explicit_mount(found.nfs)
    if found.plain:
        yield Finding("the portmapper knows it: mounts need no ports")
        if not found.knows_locks:
            remedy = (
                "mount with -o nolock, as `runfs mount` does: locks then hold among this machine's programs"
            )
            yield Finding("the portmapper does not know our lock manager: locks would hang", remedy)
    elif not found.has_portmapper:
        yield Finding("no portmapper answers on port 111: mounts must name their ports", explicit)
    else:
        yield Finding(
            "a portmapper that does not know the daemon has port 111: mounts must name theirs", explicit
        )


def of_export(refused: str | None) -> Iterator[Finding]:
    """What the daemon says to a mount."""
    if refused:
        what, _, remedy = refused.partition("; ")
        yield Finding(what, remedy, blocks=True)


def of_mounts() -> Iterator[Finding]:
    """Mounts that do not answer."""
    for mounted in mounts():
        if is_stale(mounted):
            remedy = (
                f"`runfs umount {shlex.quote(str(mounted.folder))}`, or start the daemon that it waits for"
            )
            yield Finding(f"the mount on {mounted.folder} does not answer", remedy)


def knows_nfs(filesystems: Path, modules: Path) -> bool:
    """Whether the kernel has an NFS client, or a module of one."""
    if any(line.split()[-1:] == ["nfs"] for line in filesystems.read_text().splitlines()):
        return True
    return any((modules / "kernel/fs/nfs").glob("nfs.ko*"))


def is_open(address: Address) -> bool:
    """Whether anything accepts connections there."""
    try:
        socket.create_connection((address.host, address.port), timeout=2).close()
    except OSError:
        return False
    return True
