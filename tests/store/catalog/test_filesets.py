from typing import Any

from store.catalog import Catalog, Topic, Transaction, artifacts, collections, entries, filesets, runs
from store.catalog.rows import Artifact, Fileset, Run


async def test_by_id(catalog: Catalog, project_id: int, fileset_id: int) -> None:
    expected = Fileset(fileset_id, project_id, 0, 0, 0, None, 1, 1)
    assert await filesets.by_id(catalog.direct, fileset_id) == expected
    assert await filesets.by_id(catalog.direct, fileset_id + 1) is None


async def run_of(catalog: Catalog, project_id: int) -> Run:
    return await catalog.write(lambda tx: runs.create(tx, project_id, "r"))


async def test_totals_move_the_owner(catalog: Catalog, project_id: int, told: list[Any]) -> None:
    run = await run_of(catalog, project_id)
    told.clear()
    await catalog.write(lambda tx: filesets.add(tx, run.fileset_id, 2, 30, 1))
    await catalog.write(lambda tx: filesets.add(tx, run.fileset_id, -1, -10))
    totals = await filesets.by_id(catalog.direct, run.fileset_id)
    assert totals is not None
    assert (totals.files, totals.bytes, totals.subdirectories) == (1, 20, 1)
    assert told == [(Topic.RUN, run.id, project_id)] * 2
    moved = await runs.by_id(catalog.direct, run.id)
    assert moved is not None
    assert moved.changed_ns > run.changed_ns


async def test_touch_says_that_a_name_changed(catalog: Catalog, project_id: int, told: list[Any]) -> None:
    run = await run_of(catalog, project_id)
    before = await filesets.by_id(catalog.direct, run.fileset_id)
    await catalog.write(lambda tx: filesets.touch(tx, run.fileset_id))
    after = await filesets.by_id(catalog.direct, run.fileset_id)
    assert before is not None
    assert after is not None
    assert after.changed_ns > before.changed_ns
    assert told[-1] == (Topic.FILESET, run.fileset_id, run.id)


async def test_a_version_s_owner_is_its_artifact(catalog: Catalog, project_id: int, told: list[Any]) -> None:
    async def work(tx: Transaction) -> Artifact:
        return await artifacts.create(tx, await collections.ensure(tx, project_id, "model", "m"))

    artifact = await catalog.write(work)
    assert await catalog.write(lambda tx: filesets.touch_owner(tx, artifact.fileset_id)) == artifact.id
    assert told[-1] == (Topic.ARTIFACT, artifact.id, artifact.collection_id)
    assert await catalog.write(lambda tx: filesets.touch_owner(tx, 99)) == 0


async def test_seal(catalog: Catalog, fileset_id: int) -> None:
    await catalog.write(lambda tx: filesets.seal(tx, fileset_id))
    sealed = await filesets.by_id(catalog.direct, fileset_id)
    assert sealed is not None
    assert sealed.sealed


async def test_what_was_left_is_found_no_more_and_retired_step_by_step(
    catalog: Catalog, put: Any, fileset_id: int, told: list[Any]
) -> None:
    file = await put("entries", fileset_id=fileset_id, name="a", path="a", version_id=1)
    directory = await put("entries", fileset_id=fileset_id, name="d", path="d")
    await put("versions", entry_id=1, fileset_id=fileset_id, size=3)
    await put("versions", entry_id=1, fileset_id=fileset_id, number=2, retired_ns=5)
    upload = {"fileset_id": fileset_id, "path": "b", "content_type": "", "blob_key": "k", "created_ns": 1}
    for state in ("open", "stored", "registered"):
        await put("uploads", id=state, state=state, expires_ns=9, **upload)
    await catalog.write(lambda tx: filesets.add(tx, fileset_id, 1, 3))
    limbo = await put("projects", entity_id=None, name="")
    await catalog.write(lambda tx: filesets.leave(tx, fileset_id, limbo))
    assert await filesets.by_id(catalog.direct, fileset_id) is None
    assert await entries.by_id(catalog.direct, directory) is None
    assert (Topic.DIRECTORY, directory, 0) in told
    assert (Topic.VERSION, 1, file) in told
    assert (Topic.FILESET, fileset_id, 0) in told
    assert [await catalog.write(lambda tx: filesets.clear(tx, fileset_id, 7, 1)) for _ in range(3)] == [
        1,
        1,
        0,
    ]
    db = catalog.direct
    assert await db.all("SELECT count(*) FROM entries") == [(0,)]
    retired = await db.all("SELECT retired_ns FROM versions ORDER BY id")
    assert retired == [(7,), (5,)]
    assert await db.all("SELECT state FROM uploads ORDER BY id") == [
        ("aborted",),
        ("registered",),
        ("aborted",),
    ]


async def test_of_many_files_that_were_left_none_is_told(
    catalog: Catalog, put: Any, fileset_id: int, told: list[Any]
) -> None:
    directory = await put("entries", fileset_id=fileset_id, name="d", path="d")
    await catalog.write(lambda tx: filesets.add(tx, fileset_id, filesets.TOLD_MAX + 1, 0))
    limbo = await put("projects", entity_id=None, name="")
    await catalog.write(lambda tx: filesets.leave(tx, fileset_id, limbo))
    assert (Topic.EVERYTHING, 0, 0) in told
    assert (Topic.DIRECTORY, directory, 0) not in told
