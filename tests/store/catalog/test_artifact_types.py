from typing import Any

import pytest

from store.catalog import Catalog, Topic, artifact_types
from store.errors import Refused


async def test_look_up_and_pages(catalog: Catalog, put: Any, project_id: int) -> None:
    other = await put("projects", entity_id=1, name="other")
    ids = [await put("artifact_types", project_id=project_id, name=name) for name in ("model", "dataset")]
    await put("artifact_types", project_id=other, name="model")
    db = catalog.direct
    found = await artifact_types.by_id(db, ids[1])
    assert found is not None
    assert found.name == "dataset"
    assert await artifact_types.by_name(db, project_id, "dataset") == found
    assert await artifact_types.by_name(db, other, "dataset") is None
    assert [row.id for row in await artifact_types.page(db, project_id, 0, 1)] == ids[:1]
    assert [row.id for row in await artifact_types.page(db, project_id, ids[0], 9)] == ids[1:]
    assert await artifact_types.count(db, project_id) == 2


async def test_ensure_makes_it_once(catalog: Catalog, project_id: int, told: list[Any]) -> None:
    made = await catalog.write(lambda tx: artifact_types.ensure(tx, project_id, "model"))
    assert told == [(Topic.TYPE, made.id, project_id), (Topic.PROJECT_ARTIFACTS, project_id, 0)]
    assert await catalog.write(lambda tx: artifact_types.ensure(tx, project_id, "model")) == made
    assert len(told) == 2
    with pytest.raises(Refused, match="artifact type"):
        await catalog.write(lambda tx: artifact_types.ensure(tx, project_id, ""))


async def test_it_goes_with_its_last_collection(catalog: Catalog, put: Any, project_id: int) -> None:
    made = await catalog.write(lambda tx: artifact_types.ensure(tx, project_id, "model"))
    collection = await put("collections", project_id=project_id, type_id=made.id, name="c")
    await catalog.write(lambda tx: artifact_types.drop_if_empty(tx, made.id, project_id))
    kept = await artifact_types.by_id(catalog.direct, made.id)
    assert kept is not None
    assert kept.changed_ns > made.changed_ns
    await catalog.write(lambda tx: tx.run("DELETE FROM collections WHERE id = ?", collection))
    await catalog.write(lambda tx: artifact_types.drop_if_empty(tx, made.id, project_id))
    assert await artifact_types.by_id(catalog.direct, made.id) is None
