from typing import Any

import pytest

from store.catalog import Catalog, versions


async def test_kept_versions_newest_first(catalog: Catalog, put: Any, fileset_id: int) -> None:
    ids = [
        await put("versions", entry_id=7, fileset_id=fileset_id, number=number, retired_ns=retired)
        for number, retired in ((1, 5), (2, None), (3, None))
    ]
    await put("versions", entry_id=8, fileset_id=fileset_id)
    db = catalog.direct
    assert [version.number for version in await versions.of_entry(db, 7)] == [3, 2]
    assert await versions.count(db, 7) == 2
    retired = await versions.by_id(db, ids[0])
    assert retired is not None
    assert retired.retired_ns == 5
    assert await versions.by_number(db, 7, 1) == retired
    assert await versions.by_number(db, 7, 4) is None


@pytest.fixture
async def grown(put: Any, fileset_id: int) -> int:
    """A version of 60 bytes in three segments of 10, 20 and 30."""
    version_id: int = await put("versions", entry_id=1, fileset_id=fileset_id, size=60)
    offset = 0
    for size in (10, 20, 30):
        blob = await put("blobs", key=f"k{size}", size=size)
        await put("segments", version_id=version_id, offset=offset, size=size, blob_id=blob)
        offset += size
    other = await put("versions", entry_id=2, fileset_id=fileset_id, size=10)
    await put("segments", version_id=other, offset=0, size=10, blob_id=1)
    return version_id


async def test_all_extents_in_order(catalog: Catalog, grown: int) -> None:
    found = await versions.extents(catalog.direct, grown)
    assert [(extent.offset, extent.size, extent.key) for extent in found] == [
        (0, 10, "k10"),
        (10, 20, "k20"),
        (30, 30, "k30"),
    ]


@pytest.mark.parametrize(
    ("offset", "count", "expected"),
    [
        (0, 1, [0]),
        (0, 10, [0]),
        (0, 11, [0, 10]),
        (9, 1, [0]),
        (9, 2, [0, 10]),
        (10, 20, [10]),
        (10, 21, [10, 30]),
        (0, 60, [0, 10, 30]),
        (59, 100, [30]),
        (60, 1, []),
        (1000, 1, []),
        (5, 0, [0]),
    ],
)
async def test_extents_of_a_range(
    catalog: Catalog, grown: int, offset: int, count: int, expected: list[int]
) -> None:
    found = await versions.extents_in(catalog.direct, grown, offset, count)
    assert [extent.offset for extent in found] == expected
