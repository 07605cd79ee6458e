"""`runfs ls [PATH]`: a folder of the served tree, as NFS shows it."""

from __future__ import annotations

import argparse
import stat
from datetime import UTC, datetime

from nfsd.client import Client, Entry
from runfs.reading import add_path_argument, find, reading

TYPES = {1: stat.S_IFREG, 2: stat.S_IFDIR, 5: stat.S_IFLNK}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the path and how to show it."""
    add_path_argument(parser, "/")
    parser.add_argument("-R", "--recursive", action="store_true", help="folders in folders, too")
    parser.add_argument("-l", "--long", action="store_true", help="mode, links, size and time")


def run(arguments: argparse.Namespace) -> int:
    """Print the listing. Raises CommandError."""

    async def work(client: Client) -> None:
        found = await find(client, arguments.path)
        if not found.is_directory:
            print(line(found, arguments.long))
        elif arguments.recursive:
            await _tree(client, found, arguments.path, arguments.long)
        else:
            for entry in await _sorted(client, found):
                print(line(entry, arguments.long))

    return reading(arguments, work)


def line(entry: Entry, long: bool) -> str:
    """One entry: a folder ends in `/`, a link shows its target; what no terminal should see is escaped."""
    name = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in entry.name)
    shown = f"{name}/" if entry.is_directory else f"{name} -> {entry.target}" if entry.target else name
    if not long:
        return shown
    attributes = entry.attributes
    mode = stat.filemode(TYPES.get(attributes.type, 0) | attributes.mode)
    changed = datetime.fromtimestamp(attributes.mtime.seconds, UTC).strftime("%Y-%m-%d %H:%M:%S")
    return f"{mode} {attributes.nlink:>3} {attributes.size:>12} {changed} {shown}"


async def _sorted(client: Client, directory: Entry) -> list[Entry]:
    return sorted([entry async for entry in client.list(directory)], key=lambda entry: entry.name)


async def _tree(client: Client, directory: Entry, path: str, long: bool) -> None:
    entries = await _sorted(client, directory)
    print(f"{path}:", *[line(entry, long) for entry in entries], sep="\n")
    for entry in entries:
        if entry.is_directory:
            print()
            await _tree(client, entry, f"{path.rstrip('/')}/{entry.name}", long)
