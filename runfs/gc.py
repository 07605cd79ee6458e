"""`runfs gc`: one round of the collector, by the daemon or without one."""

from __future__ import annotations

import argparse
import asyncio
import os

from runfs import asking, folder, opened, serving
from runfs.settings import GRACE_S, VERSIONS_KEPT
from store.uploads.collect import Collected

UNITS = ("bytes", "KiB", "MiB", "GiB", "TiB")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add which store, and whether anything is given grace."""
    opened.add_store_arguments(parser)
    parser.add_argument(
        "--now",
        action="store_true",
        help="free at once what is deleted, or came for no upload that is under way",
    )


def run(arguments: argparse.Namespace) -> int:
    """Collect, and say what went. Raises CommandError."""
    if arguments.catalog or arguments.blobs:
        # A daemon of another folder may be taking files for this store: what has no row yet may be its.
        done = asyncio.run(_collected(arguments, alone=False))
    else:
        done = _of_folder(arguments)
    print(f"versions collected: {done.versions}, merged: {done.merged}, uploads expired: {done.uploads}")
    print(f"blobs freed: {done.blobs} ({amount(done.bytes)}), orphans removed: {done.orphans}")
    return 0


def _of_folder(arguments: argparse.Namespace) -> Collected:
    """The daemon collects where one runs: it knows which bytes are on their way in, and its own grace."""
    data = opened.data_folder(arguments)
    daemon = serving.read(data)
    if daemon is not None:
        return Collected(**asking.post(data, daemon, "/collect", {"now": arguments.now}, None))
    lock = folder.lock(data)
    try:
        return asyncio.run(_collected(arguments, alone=True))
    finally:
        os.close(lock)


async def _collected(arguments: argparse.Namespace, alone: bool) -> Collected:
    async with opened.store_of(arguments, GRACE_S, VERSIONS_KEPT) as store:
        return await store.uploads.collect(arguments.now, alone)


def amount(size: float) -> str:
    """A size for people to read."""
    for unit in UNITS:
        if size < 1024 or unit == UNITS[-1]:
            return f"{size:.0f} {unit}" if unit == UNITS[0] else f"{size:.1f} {unit}"
        size /= 1024
    raise AssertionError("the last unit takes every size")
