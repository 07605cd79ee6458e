from typing import Any

from store.catalog import projects


async def test_the_root_before_anything_is_there(world: Any) -> None:
    assert await world.names("") == ["runs", "sweeps", "artifacts", "projects"]
    for path in ("runs", "sweeps", "artifacts/types", "artifacts/collections", "projects"):
        assert await world.names(path) == []
        node = await world.walk(path)
        assert node.changed_ns == await projects.catalog_created_ns(world.catalog.direct)


async def test_the_root_s_names_never_change(world: Any) -> None:
    before = (await world.walk("")).changed_ns
    await world.all_kinds()
    assert (await world.walk("")).changed_ns == before
