import json
from typing import Any

import pytest

from store.catalog import aliases, artifacts


async def test_versions_and_aliases(world: Any) -> None:
    first = await world.artifact("model", "weights", "best")
    await world.artifact("model", "weights", "new")
    names = await world.names("artifacts/collections/model")
    assert sorted(names) == ["best", "latest", "new", "v0", "v1"]
    links = {
        name: (await world.walk(f"artifacts/collections/model/{name}")) for name in ("best", "latest", "new")
    }
    assert {name: node.target for name, node in links.items()} == {"best": "v0", "latest": "v1", "new": "v1"}
    await world.catalog.write(lambda tx: aliases.point(tx, first.collection_id, "new", first.id))
    moved = await world.walk("artifacts/collections/model/new")
    assert moved.target == "v0"
    assert moved.fileid != links["new"].fileid  # a link's text never changes


async def test_a_long_collection_lists_once_in_small_pages(world: Any) -> None:
    for number in range(7):
        await world.artifact("model", "weights", f"a{number}", f"b{number}")
    directory = await world.walk("artifacts/collections/model")
    whole = [name for _, name, _ in await world.tree.page(directory, 0, 100)]
    assert len(whole) == len(set(whole)) == 7 + 14 + 1
    for limit in (1, 2, 3, 5):
        names, after = [], 0
        while page := await world.tree.page(directory, after, limit):
            names += [name for _, name, _ in page]
            after = page[-1][0]
        assert names == whole


async def test_a_pending_version_is_not_there(world: Any) -> None:
    artifact = await world.artifact()
    collection = await world.walk("artifacts/collections/model")

    async def begin(tx: Any) -> Any:
        from store.catalog import collections

        row = await collections.by_id(tx, artifact.collection_id)
        return await artifacts.create(tx, row)

    pending = await world.catalog.write(begin)
    assert sorted(await world.names("artifacts/collections/model")) == ["latest", "v0"]
    await world.catalog.write(lambda tx: artifacts.commit(tx, pending.id))
    assert sorted(await world.names("artifacts/collections/model")) == ["latest", "v0", "v1"]
    assert (await world.walk("artifacts/collections/model")).changed_ns > collection.changed_ns


async def test_metadata(world: Any) -> None:
    await world.artifact("model", "weights", "best")
    value = json.loads(await world.read("artifacts/collections/model/v0/metadata.json"))
    assert value["aliases"] == ["latest", "best"]
    assert (value["type"], value["collection"], value["version"]) == ("weights", "model", "v0")
    assert (value["state"], value["files"], value["bytes"], value["run"]) == ("committed", 1, 10, None)
    assert len(value["digest"]) == 64


async def test_types(world: Any) -> None:
    await world.artifact("model", "weights")
    await world.artifact("cats", "dataset")
    assert await world.names("artifacts/types") == ["weights", "dataset"]
    assert await world.names("artifacts/types/dataset") == ["cats"]
    assert (await world.walk("artifacts/types/dataset/cats")).target == "../../collections/cats"


async def test_a_deleted_version(world: Any) -> None:
    first = await world.artifact()
    await world.artifact()
    await world.catalog.write(lambda tx: artifacts.delete(tx, first.id))
    assert sorted(await world.names("artifacts/collections/model")) == ["latest", "v1"]


@pytest.mark.parametrize(
    ("alias", "shown"), [("v0", "%760"), ("v7", "%767"), ("%760", "%25760"), ("a/b", "a%2Fb")]
)
async def test_an_alias_never_hides_a_version(world: Any, alias: str, shown: str) -> None:
    artifact = await world.artifact()

    async def bring_in(tx: Any) -> None:
        await tx.run(
            "INSERT INTO aliases (collection_id, artifact_id, name, created_ns) VALUES (?, ?, ?, 1)",
            *(artifact.collection_id, artifact.id, alias),
        )

    await world.catalog.write(bring_in)
    world.tree.forget_everything()
    assert sorted(await world.names("artifacts/collections/model")) == sorted(["latest", "v0", shown])
    assert (await world.walk(f"artifacts/collections/model/{shown}")).target == "v0"
