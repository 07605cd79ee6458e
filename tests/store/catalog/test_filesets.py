from store.catalog import Catalog, filesets
from store.catalog.rows import Fileset


async def test_by_id(catalog: Catalog, project_id: int, fileset_id: int) -> None:
    expected = Fileset(fileset_id, project_id, 0, 0, 0, None, 1, 1)
    assert await filesets.by_id(catalog.direct, fileset_id) == expected
    assert await filesets.by_id(catalog.direct, fileset_id + 1) is None
