from typing import Any

from store.catalog import Catalog, artifact_types


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
