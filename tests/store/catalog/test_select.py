from typing import Any

from store.catalog import Catalog, select
from store.catalog.rows import Entity


async def test_rows_come_as_their_type(catalog: Catalog, put: Any) -> None:
    first, second = await put("entities", name="a"), await put("entities", name="b")
    assert await select.one(catalog.direct, Entity, "WHERE name = ?", "b") == Entity(second, "b", 1, 1)
    assert await select.one(catalog.direct, Entity, "WHERE name = ?", "c") is None
    rows = await select.every(catalog.direct, Entity, "ORDER BY id")
    assert rows == [Entity(first, "a", 1, 1), Entity(second, "b", 1, 1)]
    assert type(rows[0]) is Entity


async def test_number(catalog: Catalog, put: Any) -> None:
    await put("entities")
    assert await select.number(catalog.direct, "SELECT count(*) FROM entities") == 1
    assert await select.number(catalog.direct, "SELECT sum(size) FROM blobs") == 0
    assert await select.number(catalog.direct, "SELECT size FROM blobs") == 0


def test_columns_can_be_qualified() -> None:
    assert select.columns(Entity).startswith('entities."id", entities."name"')
    assert select.columns(Entity, "e").startswith('e."id", e."name"')
