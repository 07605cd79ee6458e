"""What belonged to a deleted project is found by no look-up, though its rows are all there still."""

from store.catalog import (
    Catalog,
    Transaction,
    artifact_types,
    artifacts,
    blobs,
    collections,
    entries,
    files,
    filesets,
    lines,
    projects,
    run_listing,
    runs,
    sweeps,
    versions,
)
from store.catalog.files import Content
from store.errors import Absent

SHA = b"s" * 32


async def found(catalog: Catalog) -> dict[str, bool]:
    """Which look-ups find the one thing of each kind, with id 1 or of the name that it has."""
    db = catalog.direct
    answers = {
        "project": await projects.by_id(db, 1),
        "project by path": await projects.by_path(db, "team", "p"),
        "listed project": await run_listing.projects(db, None, 0, 10),
        "default": await projects.default(db),
        "run": await runs.by_id(db, 1),
        "run by name": await runs.named(db, "r"),
        "sweep": await sweeps.by_id(db, 1),
        "sweep by name": await sweeps.named(db, "s"),
        "fileset": await filesets.by_id(db, 1),
        "file": await entries.by_id(db, 1),
        "type": await artifact_types.by_id(db, 1),
        "collection": await collections.by_id(db, 1),
        "artifact": await artifacts.by_id(db, 1),
        "content": await blobs.readable(db, SHA, 4, None),
    }
    return {name: bool(answer) for name, answer in answers.items()}


async def test_nothing_of_a_deleted_project_is_found(catalog: Catalog) -> None:
    async def fill(tx: Transaction) -> None:
        project = await projects.create(tx, "team", "p")
        await sweeps.create(tx, project.id, "s")
        run = await runs.create(tx, project.id, "r", sweep_id=1)
        blob_id = await blobs.create(tx, "key", 4, SHA, None)
        content = Content(4, SHA, None, ((blob_id, 4),))
        await files.publish(tx, run.fileset_id, "a", content, "text/plain", 5)
        collection = await collections.ensure(tx, project.id, "model", "m")
        await artifacts.create(tx, collection, run.id)

    await catalog.write(fill)
    assert all((await found(catalog)).values())
    await catalog.write(lambda tx: projects.delete(tx, 1))
    assert not any((await found(catalog)).values())
    assert await run_listing.count_projects(catalog.direct, None) == 0
    assert await versions.by_id(catalog.direct, 1) is not None  # an open reader's handle leads here
    for refused in (
        lambda tx: projects.delete(tx, 1),
        lambda tx: runs.create(tx, 1, "other"),
        lambda tx: sweeps.create(tx, 1, "other"),
        lambda tx: collections.ensure(tx, 1, "model", "other"),
        lambda tx: lines.append(tx, 1, lines.HISTORY, 0, [b"{}"]),
        lambda tx: runs.heartbeat(tx, 1),
        lambda tx: files.delete(tx, 1),
        lambda tx: files.publish(tx, 1, "b", Content(0, SHA, None, ()), "text/plain", 5),
    ):
        try:
            await catalog.write(refused)
        except Absent:
            continue
        raise AssertionError("something was done to a project that is gone")


async def test_a_silent_run_of_it_hinders_no_other(catalog: Catalog) -> None:
    async def fill(tx: Transaction) -> None:
        for name in ("p", "q"):
            project = await projects.create(tx, "team", name)
            await sweeps.create(tx, project.id, "s")
            await runs.create(tx, project.id, "r", sweep_id=project.id)
        await projects.delete(tx, 1)

    await catalog.write(fill)
    crashed = await catalog.write(lambda tx: runs.crash_silent(tx, tx.now_ns + 1))
    assert [run.project_id for run in crashed] == [2]
