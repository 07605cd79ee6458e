"""What was deleted, taken away bit by bit, so that nobody waits long for the writer.

What belongs to a project of no entity is found no more (`store.catalog.living`). A deleted project becomes
such a one; a deleted run or artifact version moves into one that has no name either, `_limbo`. The collector
then takes it all away: files' versions are retired as of the deletion, so that an open reader has the whole
grace period, and dropped after it. Filesets stay as long as a version needs them, and the project's row as
long as a fileset does.
"""

from store.catalog import filesets, lines
from store.catalog.rows import Artifact, Run
from store.catalog.sqlite import Transaction


async def leave_run(tx: Transaction, run: Run) -> None:
    """A run is deleted: nothing of it is found from now on."""
    limbo_id = await _limbo(tx)
    await tx.run(
        "UPDATE runs SET project_id = ?, name = id, sweep_id = NULL, changed_ns = max(?, changed_ns + 1)"
        " WHERE id = ?",
        *(limbo_id, tx.now_ns, run.id),
    )
    await filesets.leave(tx, run.fileset_id, limbo_id)


async def leave_artifact(tx: Transaction, artifact: Artifact) -> None:
    """The same for an artifact version, to which no alias points any more."""
    limbo_id = await _limbo(tx)
    row = await tx.one("SELECT id FROM collections WHERE project_id = ?", limbo_id)
    if row is not None:
        collection_id = row[0]
    else:
        type_id = await tx.run(
            "INSERT INTO artifact_types (project_id, name, created_ns, changed_ns) VALUES (?, '', ?, ?)",
            *(limbo_id, tx.now_ns, tx.now_ns),
        )
        collection_id = await tx.run(
            "INSERT INTO collections (project_id, type_id, name, created_ns, changed_ns)"
            " VALUES (?, ?, '', ?, ?)",
            *(limbo_id, type_id, tx.now_ns, tx.now_ns),
        )
    await tx.run("DELETE FROM artifact_uses WHERE artifact_id = ?", artifact.id)
    await tx.run(
        "UPDATE artifacts SET collection_id = ?, run_id = NULL, number = NULL,"
        " changed_ns = max(?, changed_ns + 1) WHERE id = ?",
        *(collection_id, tx.now_ns, artifact.id),
    )
    await filesets.leave(tx, artifact.fileset_id, limbo_id)


async def take(tx: Transaction, limit: int) -> int:
    """Take away about `limit` rows of what was deleted; how many went. Fewer: all that may go is gone."""
    taken = 0
    while taken < limit:
        some = await _of_a_run(tx, limit) or await _of_an_artifact(tx, limit) or await _rest(tx, limit)
        if not some:
            break
        taken += some
    return taken


async def forget(tx: Transaction) -> None:
    """Drop the rows of deleted projects of which nothing is left, once `take` took all.

    What was deleted since then still has its filesets, or its sweeps.
    """
    await tx.run(
        "DELETE FROM projects WHERE entity_id IS NULL"
        " AND NOT EXISTS (SELECT 1 FROM filesets WHERE project_id = projects.id)"
        " AND NOT EXISTS (SELECT 1 FROM sweeps WHERE project_id = projects.id)"
    )


async def _limbo(tx: Transaction) -> int:
    """The project of no entity and no name, made when there is none."""
    row = await tx.one("SELECT id FROM projects WHERE entity_id IS NULL AND name = ''")
    if row is not None:
        return int(row[0])
    return await tx.run(
        "INSERT INTO projects (name, created_ns, changed_ns, runs_changed_ns, sweeps_changed_ns,"
        " artifacts_changed_ns) VALUES ('', ?, ?, ?, ?, ?)",
        *[tx.now_ns] * 5,
    )


async def _of_a_run(tx: Transaction, limit: int) -> int:
    row = await tx.one(
        "SELECT runs.id, fileset_id, max(runs.changed_ns, projects.changed_ns) FROM projects"
        " JOIN runs ON runs.project_id = projects.id WHERE entity_id IS NULL LIMIT 1"
    )
    if row is None:
        return 0
    run_id, fileset_id, deleted_ns = row
    some = await lines.drop(tx, run_id, limit) or await filesets.clear(tx, fileset_id, deleted_ns, limit)
    return some or await _deleted(tx, "runs", run_id)


async def _of_an_artifact(tx: Transaction, limit: int) -> int:
    row = await tx.one(
        "SELECT artifacts.id, fileset_id, max(artifacts.changed_ns, projects.changed_ns) FROM projects"
        " JOIN collections ON collections.project_id = projects.id"
        " JOIN artifacts ON artifacts.collection_id = collections.id WHERE entity_id IS NULL LIMIT 1"
    )
    if row is None:
        return 0
    artifact_id, fileset_id, deleted_ns = row
    some = await filesets.clear(tx, fileset_id, deleted_ns, limit)
    return some or await _deleted(tx, "artifacts", artifact_id)


async def _rest(tx: Transaction, limit: int) -> int:
    """Collections, and sweeps and artifact types, which runs and collections referred to."""
    some = 0
    for table in ("collections", "sweeps", "artifact_types"):
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
