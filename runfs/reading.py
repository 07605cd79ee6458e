"""What `runfs ls` and `runfs cat` share: where the daemon is, a mounted client, and errors in one line."""

from __future__ import annotations

import argparse
import asyncio
import os
from collections.abc import Awaitable, Callable

import xdr
from nfsd.client import Client, NfsError
from nfsd.rpc.client import CallFailed
from runfs import serving
from runfs.errors import CommandError
from runfs.settings import LOOPBACK, NFS_PORT, Address, default_data, nfs_address

SAID = {"NOENT": "there is no such file or folder", "NOTDIR": "not a folder", "ACCES": "not allowed"}


def add_path_argument(parser: argparse.ArgumentParser, default: str | None = None) -> None:
    """Add PATH, which may be left out where there is a default, and --nfs."""
    parser.add_argument("path", metavar="PATH", nargs="?" if default else None, default=default)
    parser.add_argument("--nfs", metavar="HOST:PORT", type=nfs_address, help="where the daemon answers")


def daemon_address() -> Address:
    """Where the daemon of this account answers NFS: what it left in its data folder, else the default."""
    found = serving.read(default_data(os.environ))
    return nfs_address(found.nfs) if found else Address(LOOPBACK, NFS_PORT)


def reading(arguments: argparse.Namespace, work: Callable[[Client], Awaitable[None]]) -> int:
    """Mount, do the work, and give status 0. Raises CommandError for what the daemon or the network refuses."""
    address: Address = arguments.nfs or daemon_address()

    async def mounted() -> None:
        async with await Client.mount(address.host, address.port) as client:
            await work(client)

    try:
        asyncio.run(mounted())
    except NfsError as error:
        said = SAID.get(error.status.name.partition("ERR_")[2], error.status.name)
        raise CommandError(f"{arguments.path}: {said}", 1) from None
    except (OSError, CallFailed, xdr.Error) as error:
        if isinstance(error, BrokenPipeError):
            raise
        raise CommandError(f"no NFS at {address}: {error}; is `runfs serve` running?", 1) from None
    return 0
