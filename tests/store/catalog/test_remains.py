"""What a deleted project, run or artifact left goes in steps that are bounded, and only it."""

from store.catalog import (
    Catalog,
    Transaction,
    artifacts,
    blobs,
    collections,
    files,
    filesets,
    keys,
    lines,
    projects,
    remains,
    runs,
    sweeps,
    versions,
)
from store.catalog.files import Content

OBJECTS = (
    "runs",
    "sweeps",
    "lines",
    "entries",
    "artifacts",
    "collections",
    "artifact_types",
    "artifact_uses",
)


async def fill(tx: Transaction, name: str) -> int:
    """A project with some of everything: gives its id."""
    project = await projects.create(tx, "team", name)
    await keys.create(tx, "its own", "write", project.id)
    sweep = await sweeps.create(tx, project.id, "s")
    blob_id = await blobs.create(tx, f"key of {name}", 4, name.encode(), None)
    content = Content(4, name.encode(), None, ((blob_id, 4),))
    for each in ("r", "q"):
        run = await runs.create(tx, project.id, each, sweep_id=sweep.id)
        await lines.append(tx, run.id, lines.HISTORY, 0, [b"{}"] * 7)
        await lines.append(tx, run.id, lines.CONSOLE, 0, [b"text"] * 3)
        for path in ("a", "d/b", "d/e/c"):
            await files.publish(tx, run.fileset_id, path, content, "text/plain", 5)
        await files.publish(tx, run.fileset_id, "a", Content(0, b"", None, ()), "text/plain", 5)
    artifact = await artifacts.create(tx, await collections.ensure(tx, project.id, "model", "m"), run.id)
    await files.publish(tx, artifact.fileset_id, "w", content, "text/plain", 5)
    await artifacts.commit(tx, artifact.id)
    await artifacts.use(tx, artifact.id, run.id)
    return project.id


async def counts(catalog: Catalog, tables: tuple[str, ...] = OBJECTS) -> dict[str, int]:
    """How many rows each table has."""
    rows = {table: await catalog.direct.one(f"SELECT count(*) FROM {table}") for table in tables}
    return {table: row[0] for table, row in rows.items() if row is not None}


async def test_all_goes_step_by_step_and_nothing_else(catalog: Catalog) -> None:
    await catalog.write(lambda tx: fill(tx, "stays"))
    before = await counts(catalog)
    going = await catalog.write(lambda tx: fill(tx, "goes"))
    await catalog.write(lambda tx: projects.delete(tx, going))
    assert (await counts(catalog))["lines"] == 2 * before["lines"]  # nothing went with the deletion itself
    steps = 0
    while await catalog.write(lambda tx: remains.take(tx, 4)) >= 4:
        steps += 1
        assert steps < 100
    assert steps >= 7
    assert await counts(catalog) == before
    assert await catalog.write(lambda tx: remains.take(tx, 4)) == 0


async def test_a_step_takes_little_more_than_it_may(catalog: Catalog) -> None:
    going = await catalog.write(lambda tx: fill(tx, "goes"))
    await catalog.write(lambda tx: projects.delete(tx, going))
    left = sum((await counts(catalog, ("lines", "entries"))).values())
    while await catalog.write(lambda tx: remains.take(tx, 3)):
        now = sum((await counts(catalog, ("lines", "entries"))).values())
        assert left - now <= 2 * 3
        left = now


async def test_readers_have_the_grace_from_the_deletion_on(catalog: Catalog) -> None:
    going = await catalog.write(lambda tx: fill(tx, "goes"))

    async def delete(tx: Transaction) -> int:
        await projects.delete(tx, going)
        return tx.now_ns

    deleted_ns = await catalog.write(delete)
    await catalog.write(lambda tx: remains.take(tx, 1000))
    rows = await catalog.direct.all("SELECT DISTINCT retired_ns FROM versions")
    assert rows == [(deleted_ns,)]
    assert await catalog.write(lambda tx: versions.collect(tx, deleted_ns - 1, 100)) == []
    await catalog.write(remains.forget)
    assert await counts(catalog, ("projects",)) == {"projects": 1}  # filesets need it, versions need them
    assert len(await catalog.write(lambda tx: versions.collect(tx, deleted_ns, 100))) == 9
    await catalog.write(lambda tx: filesets.forget(tx, range(10)))
    await catalog.write(remains.forget)
    assert await counts(catalog, ("projects", "filesets", "keys")) == {
        "projects": 0,
        "filesets": 0,
        "keys": 0,
    }


async def test_a_deleted_run_and_artifact_go_the_same_way(catalog: Catalog) -> None:
    project_id = await catalog.write(lambda tx: fill(tx, "p"))
    run = await runs.by_name(catalog.direct, project_id, "q")
    assert run is not None
    (artifact,) = await artifacts.made_by(catalog.direct, run.id, 0, 9)
    before = await counts(catalog)

    async def delete(tx: Transaction) -> int:
        await runs.delete(tx, run.id)
        await artifacts.delete(tx, artifact.id)
        return tx.now_ns

    deleted_ns = await catalog.write(delete)
    after = await counts(catalog)
    assert [after[table] for table in ("lines", "entries")] == [before["lines"], before["entries"]]
    assert await runs.by_id(catalog.direct, run.id) is None
    assert await runs.named(catalog.direct, "q") == []
    assert await artifacts.by_id(catalog.direct, artifact.id) is None
    assert await runs.count(catalog.direct, project_id) == 1
    sweep = await sweeps.by_name(catalog.direct, project_id, "s")
    assert sweep is not None
    assert await sweeps.states(catalog.direct, sweep.id) == {"running": 1}
    assert await blobs.readable(catalog.direct, b"p", 4, None) is not None  # the other run has it

    again = await catalog.write(lambda tx: runs.create(tx, project_id, "q"))
    assert again.id != run.id
    steps = 0
    while await catalog.write(lambda tx: remains.take(tx, 4)) >= 4:
        steps += 1
        assert steps < 100
    assert steps >= 4
    assert await counts(catalog) == before | {
        "lines": 10,
        "entries": 5,
        "runs": 2,
        "artifacts": 0,
        "collections": 0,
        "artifact_types": 0,
        "artifact_uses": 0,
    }
    retired = "SELECT DISTINCT retired_ns FROM versions WHERE retired_ns IS NOT NULL"
    ((run_ns,), (artifact_ns,)) = await catalog.direct.all(f"{retired} ORDER BY 1")
    assert deleted_ns <= run_ns <= artifact_ns < deleted_ns + 10
    assert len(await catalog.write(lambda tx: versions.collect(tx, artifact_ns, 100))) == 5


async def test_what_only_a_deleted_run_had_is_not_here_any_more(catalog: Catalog) -> None:
    project_id = await catalog.write(lambda tx: fill(tx, "p"))
    for name in ("r", "q"):
        run = await runs.by_name(catalog.direct, project_id, name)
        assert run is not None
        for artifact in await artifacts.made_by(catalog.direct, run.id, 0, 9):
            await catalog.write(lambda tx, gone=artifact.id: artifacts.delete(tx, gone))
        await catalog.write(lambda tx, gone=run.id: runs.delete(tx, gone))
    assert await blobs.readable(catalog.direct, b"p", 4, None) is None


async def test_a_project_that_was_deleted_since_the_last_step_waits_for_the_next(catalog: Catalog) -> None:
    async def work(tx: Transaction) -> int:
        project = await projects.create(tx, "team", "p")
        await sweeps.create(tx, project.id, "s")
        return project.id

    project_id = await catalog.write(work)
    assert await catalog.write(lambda tx: remains.take(tx, 100)) == 0
    await catalog.write(lambda tx: projects.delete(tx, project_id))
    await catalog.write(remains.forget)
    assert await counts(catalog, ("projects", "sweeps")) == {"projects": 1, "sweeps": 1}
    await catalog.write(lambda tx: remains.take(tx, 100))
    await catalog.write(remains.forget)
    assert await counts(catalog, ("projects", "sweeps")) == {"projects": 0, "sweeps": 0}


async def test_nothing_is_left_of_many_deletions(catalog: Catalog) -> None:
    project_id = await catalog.write(lambda tx: fill(tx, "p"))
    for _ in range(3):
        for name in ("r", "q"):
            run = await runs.by_name(catalog.direct, project_id, name)
            assert run is not None
            await catalog.write(lambda tx, gone=run.id: runs.delete(tx, gone))
            await catalog.write(lambda tx, name=name: runs.create(tx, project_id, name))
        await catalog.write(lambda tx: remains.take(tx, 1000))
    await catalog.write(lambda tx: versions.collect(tx, 2**62, 100))
    await catalog.write(lambda tx: filesets.forget(tx, range(20)))
    await catalog.write(remains.forget)
    left = await counts(catalog, ("projects", "runs", "filesets", "lines"))
    assert left == {"projects": 1, "runs": 2, "filesets": 3, "lines": 0}
