"""A backup: a folder with a catalog and blobs, whole at every moment, made while the daemon runs.

The catalog is copied first and the blobs that it names after it. A blob is there before its row, so the
copy names none that is still to come; what comes meanwhile is the next backup's. But a row goes before its
blob, so the collector may take away a blob that the copy still names. Then the catalog is copied anew, which
names it no more, and only what is not here yet is fetched. The copy becomes the backup's catalog when all of
its blobs are here, and only then those go that it does not name: a backup that is broken off leaves the one
before it.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from store.blobs import Blobs, Expected
from store.blobs.disk import sync_folder
from store.blobs.local import LocalBlobs
from store.catalog import snapshot
from store.errors import Absent, Mismatch, Refused, Unavailable
from store.uploads.intake import pour

CATALOG_FILE, BLOBS_FOLDER = "catalog.sqlite3", "blobs"
ROUNDS = 10  # copies of the catalog; each has lost only what was collected since the one before
CHUNK_BYTES = 1024 * 1024


@dataclass(slots=True)
class BackedUp:
    """What a backup did; `lost` are the blobs that the store has not or has with other bytes."""

    blobs: int = 0
    bytes: int = 0
    removed: int = 0
    lost: list[str] = field(default_factory=list)


async def back_up(catalog: Path, blobs: Blobs, folder: Path) -> BackedUp:
    """Bring the backup in `folder` up to date, or begin one there. Every byte that is copied is verified.

    Nobody else may use the folder meanwhile. Errors: Refused when it holds another catalog, NoSpace,
    Unavailable.
    """
    there = folder / CATALOG_FILE
    await asyncio.to_thread(_check, catalog, folder, there)
    target = LocalBlobs(folder / BLOBS_FOLDER)
    try:
        await target.clear_unfinished(2**63 - 1)
        done = BackedUp()
        copy = folder / (CATALOG_FILE + ".new")
        before: set[str] = set()
        for _ in range(ROUNDS):
            copy.unlink(missing_ok=True)
            await asyncio.to_thread(snapshot.take, catalog, copy)
            missing = await _fetch(copy, blobs, target, done)
            done.lost = sorted(missing)
            if missing <= before:  # named by two copies, and not there: it is lost and not collected
                break
            before = missing
        else:
            raise Unavailable(
                "blobs are collected faster than they are copied: give the daemon a longer --grace"
            )
        await asyncio.to_thread(_publish, copy, there)
        done.removed = await _clean(there, target)
        return done
    finally:
        await target.close()


def _check(catalog: Path, folder: Path, there: Path) -> None:
    if there.exists():
        if snapshot.id_of(there) != snapshot.id_of(catalog):
            raise Refused(f"{folder} holds another catalog: name another folder")
        if there.samefile(catalog):
            raise Refused(f"{folder} is where the catalog itself is: name another folder")


async def _fetch(copy: Path, blobs: Blobs, target: LocalBlobs, done: BackedUp) -> set[str]:
    """Copy what the backup has not; gives the keys that could not be had."""
    missing = set()
    for key, size, sha256 in snapshot.blobs(copy):
        if await target.size(key) == size:
            continue
        writer = await target.writer(key, size=size, md5=False)
        try:
            await pour(_chunks(blobs, key, size), writer, Expected(size, sha256))
        except (Absent, Mismatch):
            missing.add(key)
            continue
        done.blobs += 1
        done.bytes += size
    return missing


async def _chunks(blobs: Blobs, key: str, size: int) -> AsyncIterator[bytes]:
    for offset in range(0, size, CHUNK_BYTES):
        yield await blobs.read(key, offset, min(CHUNK_BYTES, size - offset), size)


def _publish(copy: Path, there: Path) -> None:
    with copy.open("rb") as file:
        os.fsync(file.fileno())
    for name in ("-wal", "-shm"):  # of a catalog that was served from here and killed: no part of this one
        there.with_name(there.name + name).unlink(missing_ok=True)
    copy.replace(there)
    sync_folder(there.parent)


async def _clean(there: Path, target: LocalBlobs) -> int:
    """Take away the blobs that the backup does not name any more; how many."""
    wanted: Iterator[str] = (key for key, *_ in snapshot.blobs(there))
    key = next(wanted, None)
    removed = 0
    async for found in target.keys():
        while key is not None and key < found.key:
            key = next(wanted, None)
        if key != found.key:
            await target.delete(found.key)
            removed += 1
    return removed
