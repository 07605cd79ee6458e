"""The names in the directories of a fileset: where a file may be, and what moves when a name comes or goes.

Directories are there because files are below them: they come with the first and go with the last.
"""

from collections.abc import Iterable

from store.catalog import entries, filesets, select
from store.catalog.rows import Entry, Fileset
from store.catalog.session import Session
from store.catalog.sqlite import Transaction
from store.catalog.topics import Topic
from store.errors import Absent, Conflict
from store.names import check_path


async def check(db: Session, fileset_id: int, path: str) -> None:
    """Refuse now what `directories` and `add` would refuse once the bytes are here.

    Errors: Absent, Conflict, Refused.
    """
    components = check_path(path)
    await open_fileset(db, fileset_id)
    found = await entries.by_path(db, fileset_id, path)
    if found is not None:
        if found.version is None:
            raise Conflict(f"{path} is a directory")
        return
    for depth in range(len(components) - 1, 0, -1):
        above = await entries.by_path(db, fileset_id, "/".join(components[:depth]))
        if above is not None:
            if above.version is not None:
                raise Conflict(f"{above.entry.path} is a file: nothing can be below it")
            return


async def open_fileset(db: Session, fileset_id: int) -> Fileset:
    """A fileset that may be changed.

    Errors: Absent when its run or artifact is gone, Conflict when sealed.
    """
    fileset = await filesets.by_id(db, fileset_id)
    owner = await db.one(
        "SELECT 1 FROM runs WHERE fileset_id = ? UNION ALL SELECT 1 FROM artifacts WHERE fileset_id = ?",
        *(fileset_id, fileset_id),
    )
    if fileset is None or owner is None:
        raise Absent("the run or artifact that these files belonged to is gone")
    if fileset.sealed:
        raise Conflict("the artifact version is committed: its files do not change any more")
    return fileset


async def existing(db: Session, entry_id: int) -> Entry:
    """The entry of an id that is known to be there."""
    return (await select.every(db, Entry, "WHERE id = ?", entry_id))[0]


async def directories(tx: Transaction, fileset_id: int, components: list[str]) -> int:
    """The directory at those components, made with all above it that are missing; 0 for files/ itself.

    Conflict when one of them is a file.
    """
    parent_id, path = 0, ""
    for name in components:
        path = f"{path}/{name}" if path else name
        found = await entries.by_path(tx, fileset_id, path)
        if found is not None:
            if found.version is not None:
                raise Conflict(f"{path} is a file: nothing can be below it")
            parent_id = found.entry.id
            continue
        await _count_directory(tx, fileset_id, parent_id, 1)
        parent_id = (await add(tx, fileset_id, parent_id, name, path)).id
    return parent_id


async def add(tx: Transaction, fileset_id: int, parent_id: int, name: str, path: str) -> Entry:
    """A new name in a directory, of a directory so far: without a version."""
    now = tx.now_ns
    entry_id = await tx.run(
        "INSERT INTO entries (fileset_id, parent_id, name, path, created_ns, changed_ns)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        *(fileset_id, parent_id, name, path, now, now),
    )
    tx.changed(Topic.ENTRY, entry_id, parent_id)
    await touch_directory(tx, fileset_id, parent_id)
    return Entry(entry_id, fileset_id, parent_id, name, path, None, 0, "", "[]", now, now)


async def remove(tx: Transaction, gone: Iterable[Entry]) -> None:
    """Take names away, and the directories above that hold nothing more."""
    above: dict[tuple[int, int], None] = {}
    for entry in gone:
        await tx.run("DELETE FROM entries WHERE id = ?", entry.id)
        tx.changed(Topic.ENTRY, entry.id, entry.parent_id)
        if entry.is_directory:
            await _count_directory(tx, entry.fileset_id, entry.parent_id, -1)
        above[entry.fileset_id, entry.parent_id] = None
    empty = []
    for directory in above:
        await touch_directory(tx, *directory)
        if directory[1] and await tx.one(_SOMETHING_IN, *directory) is None:
            empty.append(await existing(tx, directory[1]))
    if empty:
        await remove(tx, empty)


_SOMETHING_IN = "SELECT 1 FROM entries WHERE fileset_id = ? AND parent_id = ? LIMIT 1"


async def touch(tx: Transaction, entry: Entry) -> None:
    """A file has another content or description."""
    await tx.run("UPDATE entries SET changed_ns = max(?, changed_ns + 1) WHERE id = ?", tx.now_ns, entry.id)
    tx.changed(Topic.ENTRY, entry.id, entry.parent_id)


async def touch_directory(tx: Transaction, fileset_id: int, parent_id: int) -> None:
    """A name in a directory appeared, went or stands for something else."""
    if not parent_id:
        await filesets.touch(tx, fileset_id)
        return
    directory = await existing(tx, parent_id)
    await tx.run("UPDATE entries SET changed_ns = max(?, changed_ns + 1) WHERE id = ?", tx.now_ns, parent_id)
    tx.changed(Topic.DIRECTORY, parent_id, directory.parent_id)


async def _count_directory(tx: Transaction, fileset_id: int, parent_id: int, by: int) -> None:
    """A directory's link count is of the directories in it."""
    table, object_id = ("entries", parent_id) if parent_id else ("filesets", fileset_id)
    await tx.run(f"UPDATE {table} SET subdirectories = subdirectories + ? WHERE id = ?", by, object_id)
