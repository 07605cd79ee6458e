"""`runfs backup DIR`: a copy of the data folder that can be served as it is, made while the daemon runs."""

from __future__ import annotations

import argparse
import asyncio
import os
from pathlib import Path

from runfs import account, folder, opened
from runfs.errors import CommandError
from runfs.gc import amount
from runfs.settings import BLOBS_FOLDER, CATALOG_FILE, blobs_of, default_data
from store.blobs import open_blobs
from store.errors import StoreError
from store.uploads.backup import BackedUp, back_up

MISSED_SHOWN = 10
ANOTHER = "name another folder for the backup"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add where to, and which store."""
    parser.add_argument("folder", metavar="DIR", type=Path, help="a new folder, or that of the last backup")
    opened.add_store_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Make or renew the backup and say what was copied; 1 if something was lost. Raises CommandError."""
    target: Path = arguments.folder.expanduser().absolute()
    if target.exists() and not target.is_dir():
        raise CommandError(f"{target} is no folder; {ANOTHER}")
    named: Path = arguments.data or default_data(os.environ)
    if named.is_dir():  # as root still, who may make a folder anywhere
        folder.make(target, account.chosen(None, named, {}), ANOTHER)
    data = opened.data_folder(arguments)
    if target.samefile(data):
        raise CommandError(f"{target} is the data folder itself: name another one")
    foreign = {path.name for path in target.iterdir()} - {
        folder.LOCK_FILE,
        BLOBS_FOLDER,
        CATALOG_FILE + ".new",
    }
    if foreign and not (target / CATALOG_FILE).exists():
        raise CommandError(f"{target} holds something else than a backup: name a new folder")
    if folder.is_locked(target):
        raise CommandError(
            f"{target} is in use, by another backup or a daemon: name another folder, or stop that"
        )
    lock = folder.lock(target, ANOTHER)
    try:
        done = asyncio.run(_backed_up(arguments, data, target))
        key = data / folder.KEY_FILE
        if key.exists():
            folder.write_key(target, key.read_text(encoding="ascii").strip())
    except StoreError as error:
        raise CommandError(str(error), 1) from None
    finally:
        os.close(lock)
    print(f"copied: {done.blobs} blobs ({amount(done.bytes)}); removed: {done.removed}")
    for lost in done.lost[:MISSED_SHOWN]:
        print(f"lost: blob {lost}")
    if done.lost:
        print(
            f"{len(done.lost)} blobs are lost or damaged in the store itself: `runfs fsck --deep` says whose"
        )
    return 1 if done.lost else 0


async def _backed_up(arguments: argparse.Namespace, data: Path, target: Path) -> BackedUp:
    catalog = Path((arguments.catalog or str(data / CATALOG_FILE)).removeprefix("sqlite:///"))
    blobs = open_blobs(blobs_of(data, arguments.blobs))
    try:
        return await back_up(catalog, blobs, target)
    finally:
        await blobs.close()
