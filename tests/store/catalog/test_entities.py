from typing import Any

from store.catalog import Catalog, entities


async def test_look_up_and_pages(catalog: Catalog, put: Any) -> None:
    ids = [await put("entities", name=name) for name in ("c", "a", "b")]
    found = await entities.by_id(catalog.read, ids[1])
    assert found is not None
    assert found == await entities.by_name(catalog.read, "a")
    assert await entities.by_id(catalog.read, 99) is None
    assert await entities.by_name(catalog.read, "A") is None  # names are byte-exact
    assert [entity.name for entity in await entities.page(catalog.read, 0, 2)] == ["c", "a"]
    assert [entity.name for entity in await entities.page(catalog.read, ids[1], 2)] == ["b"]
    assert await entities.count(catalog.read) == 3


async def test_ensure_makes_it_once(catalog: Catalog) -> None:
    first = await catalog.write(lambda tx: entities.ensure(tx, "team"))
    again = await catalog.write(lambda tx: entities.ensure(tx, "team"))
    assert first == again == await entities.by_id(catalog.direct, first.id)


async def test_changed_is_the_last_of_all(catalog: Catalog) -> None:
    assert await entities.changed_ns(catalog.direct) == 0
    await catalog.write(lambda tx: entities.ensure(tx, "one"))
    two = await catalog.write(lambda tx: entities.ensure(tx, "two"))
    assert await entities.changed_ns(catalog.direct) == two.changed_ns
