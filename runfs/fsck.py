"""`runfs fsck`: what is wrong between the catalog and the bytes. It changes nothing."""

from __future__ import annotations

import argparse
import asyncio

from runfs import opened
from runfs.settings import GRACE_S, VERSIONS_KEPT

HARMLESS = "orphan"  # the collector takes it away


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add which store, and how deep to look."""
    opened.add_store_arguments(parser)
    parser.add_argument("--deep", action="store_true", help="read every byte and compare its SHA-256")


def run(arguments: argparse.Namespace) -> int:
    """Print a line for each finding; 1 if one is more than an orphan. Raises CommandError."""

    async def work() -> int:
        async with opened.store_of(arguments, GRACE_S, VERSIONS_KEPT) as store:
            findings = await store.uploads.fsck(arguments.deep)
        for finding in findings:
            print(f"{finding.kind}: {finding.subject} {finding.what}")
        wrong = sum(finding.kind != HARMLESS for finding in findings)
        print(f"{wrong} wrong, {len(findings) - wrong} orphans")
        return 1 if wrong else 0

    return asyncio.run(work())
