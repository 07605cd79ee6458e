from typing import Any

import pytest

from store.catalog import Catalog, artifacts


@pytest.fixture
async def run_id(put: Any, project_id: int, fileset_id: int) -> int:
    """The run that produced them all."""
    made: int = await put("runs", project_id=project_id, fileset_id=fileset_id, name="r")
    return made


@pytest.fixture
async def ids(put: Any, project_id: int, run_id: int) -> list[int]:
    """v0 and v1 of a collection, with a pending version between them."""
    kind = await put("artifact_types", project_id=project_id, name="model")
    collection = await put("collections", project_id=project_id, type_id=kind, name="resnet")
    made = []
    for number, state in ((0, "committed"), (None, "pending"), (1, "committed")):
        fileset = await put("filesets", project_id=project_id)
        row = {"collection_id": collection, "fileset_id": fileset, "run_id": run_id, "number": number}
        made.append(await put("artifacts", **row, state=state))
    return made


async def test_lists_give_the_committed(catalog: Catalog, ids: list[int], run_id: int) -> None:
    db = catalog.direct
    pending = await artifacts.by_id(db, ids[1])
    assert pending is not None
    assert (pending.number, pending.state) == (None, "pending")
    assert await artifacts.by_fileset(db, pending.fileset_id) == pending
    collection = pending.collection_id
    newest = await artifacts.by_number(db, collection, 1)
    assert newest is not None
    assert newest.id == ids[2]
    assert [row.number for row in await artifacts.page(db, collection, 0, 9)] == [0, 1]
    assert [row.number for row in await artifacts.page(db, collection, ids[0], 9)] == [1]
    assert await artifacts.count(db, collection) == 2
    assert [row.number for row in await artifacts.made_by(db, run_id, 0, 1)] == [0]
    assert [row.number for row in await artifacts.made_by(db, run_id, ids[0], 9)] == [1]


async def test_what_a_run_used(catalog: Catalog, put: Any, ids: list[int], run_id: int) -> None:
    assert await artifacts.used_by(catalog.direct, run_id, 0, 9) == []
    await put("artifact_uses", artifact_id=ids[2], run_id=run_id, created_ns=1)
    assert [row.id for row in await artifacts.used_by(catalog.direct, run_id, 0, 9)] == [ids[2]]
    assert await artifacts.used_by(catalog.direct, run_id, ids[2], 9) == []


async def test_all_versions_are_the_pending_ones_too(catalog: Catalog, ids: list[int]) -> None:
    artifact = await artifacts.by_id(catalog.direct, ids[0])
    assert artifact is not None
    rows = await artifacts.all_of(catalog.direct, artifact.collection_id, 9)
    assert [row.id for row in rows] == ids
    assert [row.id for row in await artifacts.all_of(catalog.direct, artifact.collection_id, 2)] == ids[:2]
