"""`runfs gc`: one round of the collector, beside a daemon or without one."""

from __future__ import annotations

import argparse
import asyncio

from runfs import opened
from runfs.settings import GRACE_S, VERSIONS_KEPT

UNITS = ("bytes", "KiB", "MiB", "GiB", "TiB")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add which store, and whether anything is given grace."""
    opened.add_store_arguments(parser)
    parser.add_argument("--now", action="store_true", help="wait for no reader: free what is deleted at once")


def run(arguments: argparse.Namespace) -> int:
    """Collect, and say what went. Raises CommandError."""

    async def work() -> int:
        async with opened.store_of(arguments, GRACE_S, VERSIONS_KEPT) as store:
            done = await store.uploads.collect(arguments.now)
        print(f"versions collected: {done.versions}, merged: {done.merged}, uploads expired: {done.uploads}")
        print(f"blobs freed: {done.blobs} ({amount(done.bytes)}), orphans removed: {done.orphans}")
        return 0

    return asyncio.run(work())


def amount(size: float) -> str:
    """A size for people to read."""
    for unit in UNITS:
        if size < 1024 or unit == UNITS[-1]:
            return f"{size:.0f} {unit}" if unit == UNITS[0] else f"{size:.1f} {unit}"
        size /= 1024
    raise AssertionError("the last unit takes every size")
