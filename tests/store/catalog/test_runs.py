from typing import Any

from store.catalog import Catalog, runs


async def test_look_up_and_pages(catalog: Catalog, put: Any, project_id: int) -> None:
    other = await put("projects", entity_id=1, name="other")
    sweep = await put("sweeps", project_id=project_id)
    ids = []
    for project, name, sweep_id in (
        (project_id, "b", sweep),
        (project_id, "a", None),
        (other, "a", None),
        (project_id, "c", sweep),
    ):
        fileset = await put("filesets", project_id=project)
        ids.append(await put("runs", project_id=project, name=name, fileset_id=fileset, sweep_id=sweep_id))
    db = catalog.direct
    found = await runs.by_id(db, ids[1])
    assert found is not None
    assert (found.name, found.state, found.tags, found.sweep_id) == ("a", "running", "[]", None)
    assert await runs.by_name(db, project_id, "a") == found
    assert await runs.by_fileset(db, found.fileset_id) == found
    assert await runs.by_name(db, other, "b") is None
    assert [run.id for run in await runs.named(db, "a")] == [ids[1], ids[2]]
    assert [run.name for run in await runs.page(db, project_id, 0, 2)] == ["b", "a"]
    assert [run.name for run in await runs.page(db, project_id, ids[1], 2)] == ["c"]
    assert await runs.count(db, project_id) == 3
    assert [run.name for run in await runs.in_sweep(db, sweep, 0, 9)] == ["b", "c"]
    assert [run.name for run in await runs.in_sweep(db, sweep, ids[0], 9)] == ["c"]
    assert await runs.in_sweep_by_name(db, sweep, "a") is None
    joined = await runs.in_sweep_by_name(db, sweep, "c")
    assert joined is not None
    assert joined.id == ids[3]
    assert await runs.count_in_sweep(db, sweep) == 2
