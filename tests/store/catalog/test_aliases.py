from typing import Any

import pytest

from store.catalog import Catalog, Topic, Transaction, aliases, artifacts, collections, remains
from store.catalog.rows import Artifact
from store.errors import Absent, Refused


async def test_look_up_and_pages(catalog: Catalog, put: Any, project_id: int) -> None:
    kind = await put("artifact_types", project_id=project_id, name="model")
    collection = await put("collections", project_id=project_id, type_id=kind, name="resnet")
    versions = []
    for number in (0, 1):
        fileset = await put("filesets", project_id=project_id)
        versions.append(await put("artifacts", collection_id=collection, fileset_id=fileset, number=number))
    ids = [
        await put("aliases", collection_id=collection, artifact_id=artifact, name=name)
        for artifact, name in ((versions[1], "latest"), (versions[0], "best"), (versions[1], "prod"))
    ]
    db = catalog.direct
    found = await aliases.by_id(db, ids[0])
    assert found is not None
    assert (found.name, found.artifact_id) == ("latest", versions[1])
    assert await aliases.by_name(db, collection, "latest") == found
    assert await aliases.by_name(db, collection, "v1") is None
    assert [row.name for row in await aliases.page(db, collection, 0, 2)] == ["latest", "best"]
    assert [row.name for row in await aliases.page(db, collection, ids[1], 2)] == ["prod"]
    assert await aliases.count(db, collection) == 3
    assert [row.name for row in await aliases.of_artifact(db, versions[1])] == ["latest", "prod"]


@pytest.fixture
async def versions(catalog: Catalog, project_id: int) -> list[Artifact]:
    """Two versions of a collection, without aliases."""

    async def work(tx: Transaction) -> list[Artifact]:
        collection = await collections.ensure(tx, project_id, "model", "resnet")
        return [await artifacts.create(tx, collection) for _ in range(2)]

    return await catalog.write(work)


async def test_a_moved_alias_is_a_new_one(
    catalog: Catalog, versions: list[Artifact], told: list[Any]
) -> None:
    old, new = versions
    first = await catalog.write(lambda tx: aliases.point(tx, old.collection_id, "best", old.id))
    assert (Topic.ALIAS, first.id, old.collection_id) in told
    assert (Topic.ARTIFACT, old.id, old.collection_id) in told
    told.clear()
    assert await catalog.write(lambda tx: aliases.point(tx, old.collection_id, "best", old.id)) == first
    assert told == []
    moved = await catalog.write(lambda tx: aliases.point(tx, old.collection_id, "best", new.id))
    assert moved.id > first.id  # its link's text is another: a client may cache the old one for ever
    assert await aliases.by_id(catalog.direct, first.id) is None
    assert await aliases.by_name(catalog.direct, old.collection_id, "best") == moved
    for gone_or_new in (first, moved):
        assert (Topic.ALIAS, gone_or_new.id, old.collection_id) in told
    for artifact in versions:
        assert (Topic.ARTIFACT, artifact.id, old.collection_id) in told
    assert [topic for topic, *_ in told].count(Topic.COLLECTION) == 1


async def test_remove(catalog: Catalog, versions: list[Artifact], told: list[Any]) -> None:
    alias = await catalog.write(
        lambda tx: aliases.point(tx, versions[0].collection_id, "best", versions[0].id)
    )
    told.clear()
    await catalog.write(lambda tx: aliases.remove(tx, alias))
    assert await aliases.by_id(catalog.direct, alias.id) is None
    assert [topic for topic, *_ in told] == [Topic.ALIAS, Topic.ARTIFACT, Topic.COLLECTION]


async def test_no_alias_comes_to_mean_what_was_deleted_meanwhile(
    catalog: Catalog, versions: list[Artifact]
) -> None:
    gone, kept = versions
    await catalog.write(lambda tx: aliases.point(tx, kept.collection_id, "best", kept.id))
    await catalog.write(lambda tx: artifacts.delete(tx, gone.id))
    for _ in range(2):  # while its row waits for the collector, and when that took it
        with pytest.raises(Absent):
            await catalog.write(lambda tx: aliases.point(tx, gone.collection_id, "best", gone.id))
        await catalog.write(lambda tx: remains.take(tx, 100))
    still = await aliases.by_name(catalog.direct, kept.collection_id, "best")
    assert still is not None
    assert still.artifact_id == kept.id


@pytest.mark.parametrize("name", ["v0", "v12", "", "a/b", ".."])
async def test_names_that_no_alias_has(catalog: Catalog, versions: list[Artifact], name: str) -> None:
    with pytest.raises(Refused, match="alias"):
        await catalog.write(lambda tx: aliases.point(tx, versions[0].collection_id, name, versions[0].id))


def test_names_that_look_like_versions_but_are_not() -> None:
    for name in ("v", "v1a", "V1", "vision"):
        assert aliases.check_alias(name) == name
