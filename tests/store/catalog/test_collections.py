from typing import Any

import pytest

from store.catalog import Catalog, Topic, artifact_types, collections
from store.errors import Absent, Conflict, Refused


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


async def test_ensure_makes_it_with_its_type(catalog: Catalog, project_id: int, told: list[Any]) -> None:
    made = await catalog.write(lambda tx: collections.ensure(tx, project_id, "model", "resnet"))
    kind = await artifact_types.by_name(catalog.direct, project_id, "model")
    assert kind is not None
    assert made.type_id == kind.id
    assert set(told) == {
        (Topic.TYPE, kind.id, project_id),
        (Topic.COLLECTION, made.id, project_id),
        (Topic.PROJECT_ARTIFACTS, project_id, 0),
    }
    assert await catalog.write(lambda tx: collections.ensure(tx, project_id, "model", "resnet")) == made
    with pytest.raises(Conflict, match="another type than dataset"):
        await catalog.write(lambda tx: collections.ensure(tx, project_id, "dataset", "resnet"))
    assert await artifact_types.by_name(catalog.direct, project_id, "dataset") is None  # undone with it
    with pytest.raises(Refused, match="artifact name"):
        await catalog.write(lambda tx: collections.ensure(tx, project_id, "model", "a/b"))


async def test_describe(catalog: Catalog, project_id: int) -> None:
    made = await catalog.write(lambda tx: collections.ensure(tx, project_id, "model", "resnet"))
    described = await catalog.write(lambda tx: collections.describe(tx, made.id, "words"))
    assert described.description == "words"
    assert described.changed_ns > made.changed_ns
    with pytest.raises(Absent):
        await catalog.write(lambda tx: collections.describe(tx, 99, "words"))


async def test_numbers_are_not_given_again(catalog: Catalog, project_id: int) -> None:
    made = await catalog.write(lambda tx: collections.ensure(tx, project_id, "model", "resnet"))
    taken = [await catalog.write(lambda tx: collections.take_number(tx, made.id)) for _ in range(3)]
    assert taken == [0, 1, 2]


async def test_drop_takes_the_type_along(catalog: Catalog, project_id: int, told: list[Any]) -> None:
    made = await catalog.write(lambda tx: collections.ensure(tx, project_id, "model", "resnet"))
    told.clear()
    await catalog.write(lambda tx: collections.drop(tx, made))
    assert await collections.by_id(catalog.direct, made.id) is None
    assert await artifact_types.by_id(catalog.direct, made.type_id) is None
    assert set(told) == {
        (Topic.COLLECTION, made.id, project_id),
        (Topic.TYPE, made.type_id, project_id),
        (Topic.PROJECT_ARTIFACTS, project_id, 0),
    }
