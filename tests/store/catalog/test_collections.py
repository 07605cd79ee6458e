from typing import Any

from store.catalog import Catalog, collections


async def test_look_up_and_pages(catalog: Catalog, put: Any, project_id: int) -> None:
    kinds = [await put("artifact_types", project_id=project_id, name=name) for name in ("model", "dataset")]
    ids = [
        await put("collections", project_id=project_id, type_id=kind, name=name)
        for kind, name in ((kinds[0], "resnet"), (kinds[1], "cifar"), (kinds[0], "vit"))
    ]
    db = catalog.direct
    found = await collections.by_id(db, ids[1])
    assert found is not None
    assert found.name == "cifar"
    assert await collections.by_name(db, project_id, "cifar") == found
    assert await collections.by_name(db, project_id + 1, "cifar") is None
    assert [row.id for row in await collections.page(db, project_id, 0, 2)] == ids[:2]
    assert [row.id for row in await collections.page(db, project_id, ids[1], 2)] == ids[2:]
    assert await collections.count(db, project_id) == 3
    assert [row.id for row in await collections.of_type(db, kinds[0], 0, 9)] == [ids[0], ids[2]]
    assert [row.id for row in await collections.of_type(db, kinds[0], ids[0], 9)] == [ids[2]]
    assert await collections.of_type_by_name(db, kinds[0], "cifar") is None
    assert await collections.of_type_by_name(db, kinds[1], "cifar") == found
    assert await collections.count_of_type(db, kinds[0]) == 2
