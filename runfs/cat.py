"""`runfs cat PATH`: a file of the served tree, as NFS gives it."""

from __future__ import annotations

import argparse
import sys

from nfsd.client import Client
from runfs.errors import CommandError
from runfs.reading import add_path_argument, find, reading


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the path."""
    add_path_argument(parser)


def run(arguments: argparse.Namespace) -> int:
    """Write the file to standard output. Raises CommandError."""

    async def work(client: Client) -> None:
        found = await find(client, arguments.path)
        if found.is_directory:
            raise CommandError(f"{arguments.path} is a folder", 1)
        async for data in client.read(found):
            sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()

    return reading(arguments, work)
