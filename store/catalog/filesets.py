"""Queries for filesets: the files/ of one run or of one artifact version, with its totals."""

from collections.abc import Iterable

from store.catalog import living, select
from store.catalog.rows import Fileset
from store.catalog.session import Session
from store.catalog.sqlite import Transaction
from store.catalog.topics import Topic

TOLD_MAX = 2_000  # files of which each is told: 17 ms, for which others wait


async def by_id(db: Session, fileset_id: int) -> Fileset | None:
    """The fileset of that id, or None."""
    return await select.one(db, Fileset, f"WHERE id = ? AND {living.by_project('filesets')}", fileset_id)


async def create(tx: Transaction, project_id: int) -> int:
    """A new, empty fileset's id."""
    return await tx.run(
        "INSERT INTO filesets (project_id, created_ns, changed_ns) VALUES (?, ?, ?)",
        *(project_id, tx.now_ns, tx.now_ns),
    )


async def add(tx: Transaction, fileset_id: int, files: int, size: int, subdirectories: int = 0) -> None:
    """Move the totals by so much, and with them whatever shows them: the run's or the artifact's metadata."""
    await tx.run(
        "UPDATE filesets SET files = files + ?, bytes = bytes + ?, subdirectories = subdirectories + ?"
        " WHERE id = ?",
        *(files, size, subdirectories, fileset_id),
    )
    await touch_owner(tx, fileset_id)


async def touch_owner(tx: Transaction, fileset_id: int) -> int:
    """Say that the metadata of the run or artifact that has these files is another; its id, 0 when there is
    none.
    """
    run = await tx.one(
        "UPDATE runs SET changed_ns = max(?, changed_ns + 1) WHERE fileset_id = ? RETURNING id, project_id",
        *(tx.now_ns, fileset_id),
    )
    if run is not None:
        tx.changed(Topic.RUN, *run)
        return int(run[0])
    artifact = await tx.one(
        "UPDATE artifacts SET changed_ns = max(?, changed_ns + 1) WHERE fileset_id = ?"
        " RETURNING id, collection_id",
        *(tx.now_ns, fileset_id),
    )
    if artifact is not None:
        tx.changed(Topic.ARTIFACT, *artifact)
        return int(artifact[0])
    return 0


async def touch(tx: Transaction, fileset_id: int) -> None:
    """Say that a name directly in files/ appeared, went or stands for something else."""
    await tx.run(
        "UPDATE filesets SET changed_ns = max(?, changed_ns + 1) WHERE id = ?", tx.now_ns, fileset_id
    )
    tx.changed(Topic.FILESET, fileset_id, await touch_owner(tx, fileset_id))


async def seal(tx: Transaction, fileset_id: int) -> None:
    """From now on nothing in it changes any more."""
    await tx.run(
        "UPDATE filesets SET sealed_ns = ?, changed_ns = max(?, changed_ns + 1) WHERE id = ?",
        *(tx.now_ns, tx.now_ns, fileset_id),
    )


async def abandoned(db: Session, after_id: int, limit: int) -> list[int]:
    """At most `limit` filesets with an id above `after_id` that nobody has or needs: no run or artifact, no
    version, no upload.
    """
    rows = await db.all(
        f"SELECT id FROM filesets WHERE id > ? AND {_ABANDONED} ORDER BY id LIMIT ?", after_id, limit
    )
    return [fileset_id for (fileset_id,) in rows]


async def forget(tx: Transaction, fileset_ids: Iterable[int]) -> None:
    """Drop those of the filesets that are still abandoned."""
    await tx.many(
        f"DELETE FROM filesets WHERE id = ? AND {_ABANDONED}",
        [(fileset_id,) for fileset_id in fileset_ids],
    )


_ABANDONED = (
    "NOT EXISTS (SELECT 1 FROM runs WHERE fileset_id = filesets.id)"
    " AND NOT EXISTS (SELECT 1 FROM artifacts WHERE fileset_id = filesets.id)"
    " AND NOT EXISTS (SELECT 1 FROM versions WHERE fileset_id = filesets.id)"
    " AND NOT EXISTS (SELECT 1 FROM uploads WHERE fileset_id = filesets.id)"
)


async def clear(tx: Transaction, fileset_id: int, retired_ns: int, limit: int) -> int:
    """Take away at most `limit` names of a fileset that is going, and retire their files' versions as of that
    time; how many went. None: all are gone, and its uploads are over.
    """
    gone = await tx.all(
        "DELETE FROM entries WHERE id IN (SELECT id FROM entries WHERE fileset_id = ? LIMIT ?) RETURNING id",
        *(fileset_id, limit),
    )
    await tx.many(
        "UPDATE versions SET retired_ns = ? WHERE entry_id = ? AND retired_ns IS NULL",
        [(retired_ns, entry_id) for (entry_id,) in gone],
    )
    if not gone:
        await _end_uploads(tx, fileset_id)
    return len(gone)


async def leave(tx: Transaction, fileset_id: int, project_id: int) -> None:
    """The run or artifact is deleted: its files are that project's now, which is of no entity.

    All of its names are gone. Where they are many, followers forget everything instead.
    """
    fileset = await by_id(tx, fileset_id)
    if fileset is not None and fileset.files > TOLD_MAX:
        tx.changed(Topic.EVERYTHING, 0)
    else:
        for entry_id, parent_id, version_id in await tx.all(
            "SELECT id, parent_id, version_id FROM entries WHERE fileset_id = ?", fileset_id
        ):
            if version_id is None:
                tx.changed(Topic.DIRECTORY, entry_id, parent_id)
            else:
                tx.changed(Topic.VERSION, version_id, entry_id)
    await _end_uploads(tx, fileset_id)
    await tx.run("UPDATE filesets SET project_id = ? WHERE id = ?", project_id, fileset_id)
    tx.changed(Topic.FILESET, fileset_id, 0)


async def _end_uploads(tx: Transaction, fileset_id: int) -> None:
    await tx.run(
        "UPDATE uploads SET state = 'aborted' WHERE fileset_id = ? AND state IN ('open', 'stored')",
        fileset_id,
    )
