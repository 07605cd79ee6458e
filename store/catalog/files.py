"""What happens to files in the catalog: published, grown, restored, described, deleted; transactions all.

A file's name (its entry) keeps its id through all its versions. A version's content is a list of segments,
each a whole blob.

Each of these tells followers of all that it moved: the file, the directory that lists it, and the metadata of
the run or artifact whose totals it changed.
"""

from typing import NamedTuple

from store.catalog import entries, filesets, places, select
from store.catalog.entries import Listed
from store.catalog.rows import Entry, Version
from store.catalog.session import Session
from store.catalog.sqlite import Transaction
from store.catalog.topics import Topic
from store.errors import Absent, Conflict
from store.names import check_path


class Content(NamedTuple):
    """What a version is to hold: durable bytes, measured."""

    size: int
    sha256: bytes | None
    md5: bytes | None
    segments: tuple[tuple[int, int], ...]  # (blob id, size) in order


class Published(NamedTuple):
    """What publishing made of it."""

    entry: Entry
    version: Version
    created: bool  # the name is new
    changed: bool  # False: the current version was the very same already


async def publish(
    tx: Transaction, fileset_id: int, path: str, content: Content, content_type: str, versions_kept: int
) -> Published:
    """Let a path stand for that content: a new file, or a new version of the one that is there.

    What is there already, with the same hash and type, stays as it is. Errors: Absent when the run or
    artifact is gone, Conflict when it is sealed or when the path or one above it is of the wrong kind,
    Refused for a bad path.
    """
    components = check_path(path)
    await places.open_fileset(tx, fileset_id)
    found = await entries.by_path(tx, fileset_id, path)
    if found is not None and found.version is None:
        raise Conflict(f"{path} is a directory")
    if found is not None and found.version is not None:
        old = found.version
        if content.sha256 == old.sha256 is not None and content_type == old.content_type:
            return Published(found.entry, old, False, False)
        version = await _version(tx, found.entry, old.number + 1, content, content_type)
        await _replace(tx, found.entry, old, version, versions_kept)
        return Published(await places.existing(tx, found.entry.id), version, False, True)
    parent_id = await places.directories(tx, fileset_id, components[:-1])
    entry = await places.add(tx, fileset_id, parent_id, components[-1], path)
    version = await _version(tx, entry, 1, content, content_type)
    await tx.run("UPDATE entries SET version_id = ? WHERE id = ?", version.id, entry.id)
    await filesets.add(tx, fileset_id, 1, content.size)
    return Published(entry._replace(version_id=version.id), version, True, True)


async def grow(tx: Transaction, entry_id: int, offset: int, blob_id: int, size: int) -> Listed:
    """Append a blob to a file's current version. Its hashes are unknown until it rests.

    Errors: Absent, Conflict when `offset` is not the end or the file is a directory or sealed.
    """
    entry, version = await check_end(tx, entry_id, offset)
    assert version is not None
    await tx.run(
        "INSERT INTO segments (version_id, offset, size, blob_id) VALUES (?, ?, ?, ?)",
        *(version.id, offset, size, blob_id),
    )
    await tx.run(
        "UPDATE versions SET size = size + ?, sha256 = NULL, md5 = NULL, changed_ns = max(?, changed_ns + 1)"
        " WHERE id = ?",
        *(size, tx.now_ns, version.id),
    )
    tx.changed(Topic.VERSION, version.id, entry_id)
    await places.touch(tx, entry)
    await filesets.add(tx, entry.fileset_id, 0, size)
    grown = await entries.by_id(tx, entry_id)
    assert grown is not None
    return grown


async def check_end(db: Session, entry_id: int, offset: int) -> Listed:
    """The file, if it may grow and ends at that offset. Errors: as for `grow`."""
    entry, version = await _file(db, entry_id)
    await places.open_fileset(db, entry.fileset_id)
    if offset != version.size:
        raise Conflict(f"{entry.path} ends at byte {version.size}, not at {offset}")
    return Listed(entry, version)


async def restore(tx: Transaction, entry_id: int, number: int, versions_kept: int) -> Published:
    """Let a file be again what its version `number` was: a new version with the same content.

    Errors: Absent without such a file or kept version, Conflict when it is sealed.
    """
    entry, current = await _file(tx, entry_id)
    await places.open_fileset(tx, entry.fileset_id)
    if number == current.number:
        return Published(entry, current, False, False)
    old = await select.one(
        tx, Version, "WHERE entry_id = ? AND number = ? AND retired_ns IS NULL", entry_id, number
    )
    if old is None:
        raise Absent(f"{entry.path} has no version {number}, or not any more")
    rows = await tx.all("SELECT blob_id, size FROM segments WHERE version_id = ? ORDER BY offset", old.id)
    content = Content(old.size, old.sha256, old.md5, tuple((blob_id, size) for blob_id, size in rows))
    version = await _version(tx, entry, current.number + 1, content, old.content_type)
    await _replace(tx, entry, current, version, versions_kept)
    return Published(await places.existing(tx, entry_id), version, False, True)


async def describe(tx: Transaction, entry_id: int, description: str | None, tags: str | None) -> Listed:
    """Change a file's description or tags (JSON text); None leaves one as it is. Errors: Absent, Conflict."""
    entry, _ = await _file(tx, entry_id)
    await tx.run(
        "UPDATE entries SET description = coalesce(?, description), tags = coalesce(?, tags) WHERE id = ?",
        *(description, tags, entry_id),
    )
    await places.touch(tx, entry)
    described = await entries.by_id(tx, entry_id)
    assert described is not None
    return described


async def delete(tx: Transaction, *entry_ids: int) -> list[Listed]:
    """Delete files; directories that hold nothing more go with them. Gives what they were.

    Totals fall at once, their bytes stay readable by handle for the grace period. Errors: Absent, Conflict
    when one is a directory or sealed.
    """
    gone = [Listed(*await _file(tx, entry_id)) for entry_id in entry_ids]
    for fileset_id in {entry.fileset_id for entry, _ in gone}:
        await places.open_fileset(tx, fileset_id)
        sizes = [version.size for entry, version in gone if version and entry.fileset_id == fileset_id]
        await filesets.add(tx, fileset_id, -len(sizes), -sum(sizes))
    for entry, _ in gone:
        for (version_id,) in await tx.all(
            "UPDATE versions SET retired_ns = ? WHERE entry_id = ? AND retired_ns IS NULL RETURNING id",
            *(tx.now_ns, entry.id),
        ):
            tx.changed(Topic.VERSION, version_id, entry.id)
    await places.remove(tx, [entry for entry, _ in gone])
    return gone


async def _file(db: Session, entry_id: int) -> tuple[Entry, Version]:
    listed = await entries.by_id(db, entry_id)
    if listed is None:
        raise Absent(f"there is no file {entry_id}, or not any more")
    if listed.version is None:
        raise Conflict(f"{listed.entry.path} is a directory")
    return listed.entry, listed.version


async def _version(
    tx: Transaction, entry: Entry, number: int, content: Content, content_type: str
) -> Version:
    now = tx.now_ns
    measured = (content.size, content.sha256, content.md5)
    version_id = await tx.run(
        "INSERT INTO versions (entry_id, fileset_id, number, size, sha256, md5, content_type, created_ns,"
        " changed_ns) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        *(entry.id, entry.fileset_id, number, *measured, content_type, now, now),
    )
    offset, rows = 0, []
    for blob_id, size in content.segments:
        rows.append((version_id, offset, size, blob_id))
        offset += size
    await tx.many("INSERT INTO segments (version_id, offset, size, blob_id) VALUES (?, ?, ?, ?)", rows)
    return Version(
        version_id, entry.id, entry.fileset_id, number, *measured, content_type, now, now, retired_ns=None
    )


async def _replace(tx: Transaction, entry: Entry, old: Version, new: Version, versions_kept: int) -> None:
    """Make a version the current one; those that are not among the newest any more are retired.

    The old one is told of as well: it has lost its name.
    """
    await tx.run("UPDATE entries SET version_id = ? WHERE id = ?", new.id, entry.id)
    await places.touch(tx, entry)
    await places.touch_directory(tx, entry.fileset_id, entry.parent_id)
    tx.changed(Topic.VERSION, old.id, entry.id)
    for (version_id,) in await tx.all(
        "UPDATE versions SET retired_ns = ? WHERE entry_id = ? AND retired_ns IS NULL AND id NOT IN"
        " (SELECT id FROM versions WHERE entry_id = ? ORDER BY number DESC LIMIT ?) RETURNING id",
        *(tx.now_ns, entry.id, entry.id, versions_kept),
    ):
        tx.changed(Topic.VERSION, version_id, entry.id)
    await filesets.add(tx, entry.fileset_id, 0, new.size - old.size)
