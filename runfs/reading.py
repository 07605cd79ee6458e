"""What `runfs ls` and `runfs cat` share: where the daemon is, a mounted client, links, errors in one line."""

from __future__ import annotations

import argparse
import asyncio
import os
from collections.abc import Awaitable, Callable

import xdr
from nfsd.client import Client, Entry, NfsError
from nfsd.rpc.client import CallFailed, auth_sys
from runfs import serving
from runfs.errors import CommandError
from runfs.settings import LOOPBACK, NFS_PORT, Address, default_data, nfs_address

LINKS_MAX = 40
SAID = {"NOENT": "there is no such file or folder", "NOTDIR": "not a folder", "ACCES": "not allowed"}


def add_path_argument(parser: argparse.ArgumentParser, default: str | None = None) -> None:
    """Add PATH, which may be left out where there is a default, and --nfs."""
    parser.add_argument("path", metavar="PATH", nargs="?" if default else None, default=default)
    parser.add_argument("--nfs", metavar="HOST:PORT", type=nfs_address, help="where the daemon answers")


def daemon_address() -> Address:
    """Where the daemon of this account answers NFS: what it left in its data folder, else the default."""
    found = serving.read(default_data(os.environ))
    return nfs_address(found.nfs) if found else Address(LOOPBACK, NFS_PORT)


async def find(client: Client, path: str) -> Entry:
    """What is at a path below the mount; links on the way and at its end are followed. Errors: NfsError."""
    above, names, links = [await client.walk("/")], path.split("/"), 0
    while names:
        name = names.pop(0)
        if name in ("", "."):
            continue
        if name == "..":
            above = above[:-1] or above
            continue
        found = await client.lookup(above[-1].handle, name)
        if not found.is_link:
            above.append(found)
            continue
        links += 1
        if links > LINKS_MAX:
            raise CommandError(f"{path}: too many links", 1)
        names = [*found.target.split("/"), *names]
    return above[-1]


def reading(arguments: argparse.Namespace, work: Callable[[Client], Awaitable[None]]) -> int:
    """Mount, do the work, give status 0. Raises CommandError for what the daemon or the network refuses."""
    address: Address = arguments.nfs or daemon_address()

    async def mounted() -> None:
        credential = auth_sys(os.geteuid(), os.getegid())
        async with await Client.mount(address.host, address.port, credential=credential) as client:
            await work(client)

    try:
        asyncio.run(mounted())
    except NfsError as error:
        name = error.status.name
        raise CommandError(f"{arguments.path}: {SAID.get(name.partition('ERR_')[2], name)}", 1) from None
    except TimeoutError:
        raise CommandError(
            f"no NFS answer from {address} in time; `runfs doctor` looks for the cause", 1
        ) from None
    except (OSError, CallFailed, xdr.Error) as error:
        if isinstance(error, BrokenPipeError):
            raise
        raise CommandError(f"no NFS at {address}: {error}; is `runfs serve` running?", 1) from None
    return 0
