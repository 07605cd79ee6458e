from typing import Any

from store.catalog import Catalog, sweeps


async def test_look_up_and_pages(catalog: Catalog, put: Any, project_id: int) -> None:
    other = await put("projects", entity_id=1, name="other")
    ids = [await put("sweeps", project_id=project_id, name=name) for name in ("b", "a")]
    theirs = await put("sweeps", project_id=other, name="a")
    db = catalog.direct
    found = await sweeps.by_id(db, ids[1])
    assert found is not None
    assert found.name == "a"
    assert await sweeps.by_name(db, project_id, "a") == found
    assert await sweeps.by_name(db, other, "b") is None
    assert [sweep.id for sweep in await sweeps.named(db, "a")] == [ids[1], theirs]
    assert [sweep.id for sweep in await sweeps.page(db, project_id, 0, 1)] == ids[:1]
    assert [sweep.id for sweep in await sweeps.page(db, project_id, ids[0], 9)] == ids[1:]
    assert await sweeps.count(db, project_id) == 2
