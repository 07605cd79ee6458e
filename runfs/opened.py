"""For commands that work on the data folder itself, beside a daemon or without one: its catalog, opened.

Only the daemon brings an older catalog up to date. A command would do it under an older daemon that serves
it, or to a backup that is the way back to the older version.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

from runfs import account
from runfs.errors import CommandError
from runfs.settings import CATALOG_FILE, add_data_argument, blobs_of, default_data
from store.blobs import OWNER, Blobs, open_blobs
from store.catalog import Catalog
from store.catalog.catalog import POLL_S
from store.errors import Refused, StoreError
from store.uploads import Uploads


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags that say which catalog."""
    add_data_argument(parser)
    parser.add_argument(
        "--catalog", metavar="URL", help="where the catalog is kept; a file in the data folder"
    )


def add_store_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags that say which catalog and which blobs."""
    add_arguments(parser)
    parser.add_argument(
        "--blobs", metavar="URL", help="where files' bytes are kept; where `runfs serve` kept them last"
    )


def data_folder(arguments: argparse.Namespace) -> Path:
    """The data folder that is meant. Root becomes its owner, so that no file in it turns into root's.

    Raises CommandError where there is none yet.
    """
    data: Path = arguments.data or default_data(os.environ)
    if not data.is_dir():
        raise CommandError(
            f"there is no data folder {data} yet; name one with --data, or start `runfs serve`"
        )
    owner = account.chosen(None, data, {})
    if owner is not None:
        account.become(owner)
    return data


def catalog_of(arguments: argparse.Namespace, data: Path) -> str:
    """Where the catalog is that is meant.

    Raises CommandError where the data folder has none: one made now would say that all is well.
    """
    path = data / CATALOG_FILE
    if not (arguments.catalog or path.exists()):
        raise CommandError(f"there is no catalog in {data}; name the data folder with --data")
    return arguments.catalog or str(path)


class Store(NamedTuple):
    """What both servers stand on."""

    catalog: Catalog
    blobs: Blobs
    uploads: Uploads


@asynccontextmanager
async def store(
    catalog_url: str,
    blobs_url: str,
    grace_s: float,
    versions_kept: int,
    poll_s: float | None = POLL_S,
    cache: Path | None = None,
    upgrade: bool = True,
) -> AsyncIterator[Store]:
    """The store, open inside the block.

    `poll_s` and `upgrade` are as for the catalog, `cache` is a folder for what S3 gave.
    """
    opened_catalog = await Catalog.open(catalog_url, poll_s, upgrade)
    try:
        blobs = open_blobs(blobs_url, cache)
        try:
            identity = str(opened_catalog.id)
            if await blobs.claim(identity) != identity:
                raise Refused(
                    f"the blobs at {blobs_url} are another catalog's, and each would delete what it does"
                    " not know: name a folder or prefix of its own with --blobs. If that catalog is gone for"
                    f" good, remove {OWNER!r} beside its blobs"
                )
            uploads = Uploads(opened_catalog, blobs, grace_s=grace_s, versions_kept=versions_kept)
            yield Store(opened_catalog, blobs, uploads)
        finally:
            await blobs.close()
    finally:
        await opened_catalog.close()


@asynccontextmanager
async def store_of(arguments: argparse.Namespace, grace_s: float, versions_kept: int) -> AsyncIterator[Store]:
    """The store that a command line names; what it refuses inside the block is the command's error."""
    data = data_folder(arguments)
    catalog_url = catalog_of(arguments, data)
    blobs_url = blobs_of(data, arguments.blobs)
    try:
        async with store(catalog_url, blobs_url, grace_s, versions_kept, None, upgrade=False) as made:
            yield made
    except StoreError as error:
        raise CommandError(str(error), 1) from None


@asynccontextmanager
async def catalog(arguments: argparse.Namespace) -> AsyncIterator[Catalog]:
    """The catalog, open inside the block; what the store refuses there is the command's error."""
    where = arguments.catalog or catalog_of(arguments, data_folder(arguments))
    try:
        opened = await Catalog.open(where, poll_s=None, upgrade=False)
        try:
            yield opened
        finally:
            await opened.close()
    except StoreError as error:
        raise CommandError(str(error), 1) from None
