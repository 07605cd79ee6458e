"""What deleted projects left, taken away bit by bit, so that nobody waits long for the writer.

Each run or artifact version goes as it would by itself: its files' versions are retired as of the project's
deletion, so that an open reader has the whole grace period, and the collector drops them after it. Filesets
stay as long as a version needs them, and the project's row as long as a fileset does.
"""

from store.catalog import filesets, lines
from store.catalog.sqlite import Transaction


async def take(tx: Transaction, limit: int) -> int:
    """Take away about `limit` rows of deleted projects; how many went. Fewer: all that may go is gone."""
    taken = 0
    while taken < limit:
        some = await _of_a_run(tx, limit) or await _of_a_collection(tx, limit) or await _rest(tx, limit)
        if not some:
            break
        taken += some
    return taken


async def forget(tx: Transaction) -> None:
    """Drop the rows of deleted projects whose last fileset is gone. Only after `take` took all."""
    await tx.run(
        "DELETE FROM projects WHERE entity_id IS NULL"
        " AND NOT EXISTS (SELECT 1 FROM filesets WHERE project_id = projects.id)"
    )


async def _of_a_run(tx: Transaction, limit: int) -> int:
    row = await tx.one(
        "SELECT runs.id, runs.fileset_id, projects.changed_ns FROM projects"
        " JOIN runs ON runs.project_id = projects.id WHERE projects.entity_id IS NULL LIMIT 1"
    )
    if row is None:
        return 0
    run_id, fileset_id, deleted_ns = row
    some = await lines.drop(tx, run_id, limit) or await filesets.clear(tx, fileset_id, deleted_ns, limit)
    return some or await _deleted(tx, "runs", run_id)


async def _of_a_collection(tx: Transaction, limit: int) -> int:
    row = await tx.one(
        "SELECT collections.id, projects.changed_ns FROM projects"
        " JOIN collections ON collections.project_id = projects.id WHERE projects.entity_id IS NULL LIMIT 1"
    )
    if row is None:
        return 0
    collection_id, deleted_ns = row
    artifact = await tx.one(
        "SELECT id, fileset_id FROM artifacts WHERE collection_id = ? LIMIT 1", collection_id
    )
    if artifact is None:
        return await _deleted(tx, "collections", collection_id)
    artifact_id, fileset_id = artifact
    return await filesets.clear(tx, fileset_id, deleted_ns, limit) or await _deleted(
        tx, "artifacts", artifact_id
    )


async def _rest(tx: Transaction, limit: int) -> int:
    """Sweeps and artifact types, which runs and collections referred to."""
    some = 0
    for table in ("sweeps", "artifact_types"):
        gone = await tx.all(
            f"DELETE FROM {table} WHERE id IN (SELECT {table}.id FROM projects JOIN {table}"
            f" ON {table}.project_id = projects.id WHERE projects.entity_id IS NULL LIMIT ?) RETURNING id",
            limit,
        )
        some += len(gone)
    return some


async def _deleted(tx: Transaction, table: str, row_id: int) -> int:
    await tx.run(f"DELETE FROM {table} WHERE id = ?", row_id)
    return 1
