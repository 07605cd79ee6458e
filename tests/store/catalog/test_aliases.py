from typing import Any

from store.catalog import Catalog, aliases


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
