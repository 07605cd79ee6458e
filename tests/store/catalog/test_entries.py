from typing import Any

import pytest

from store.catalog import Catalog, entries


@pytest.fixture
async def tree(put: Any, fileset_id: int) -> dict[str, int]:
    """logs/ with a.txt in it, and b.txt; another fileset has a b.txt too."""
    ids: dict[str, int] = {}
    ids["logs"] = await put("entries", fileset_id=fileset_id, name="logs", path="logs")
    for path, parent in (("logs/a.txt", ids["logs"]), ("b.txt", 0)):
        ids[path] = await put(
            "entries",
            fileset_id=fileset_id,
            parent_id=parent,
            name=path[-5:],
            path=path,
            version_id=100 + len(ids),
        )
        await put("versions", id=99 + len(ids), entry_id=ids[path], fileset_id=fileset_id, size=len(ids))
    other = await put("filesets", project_id=1)
    ids["other"] = await put("entries", fileset_id=other, name="b.txt", path="b.txt", version_id=500)
    await put("versions", id=500, entry_id=ids["other"], fileset_id=other, size=9)
    return ids


async def test_a_file_comes_with_its_version(catalog: Catalog, tree: dict[str, int], fileset_id: int) -> None:
    db = catalog.direct
    listed = await entries.by_id(db, tree["logs/a.txt"])
    assert listed is not None
    assert listed.version is not None
    assert (listed.entry.name, listed.version.id, listed.version.size) == ("a.txt", 101, 2)
    named = await entries.named(db, fileset_id, tree["logs"], "a.txt")
    assert named == (listed.entry.id, "a.txt", 101, 2, listed.version.changed_ns)
    assert await entries.by_path(db, fileset_id, "logs/a.txt") == listed
    assert await entries.named(db, fileset_id, 0, "a.txt") is None
    assert await entries.by_path(db, fileset_id, "a.txt") is None


async def test_a_directory_has_none(catalog: Catalog, tree: dict[str, int], fileset_id: int) -> None:
    listed = await entries.by_path(catalog.direct, fileset_id, "logs")
    assert listed is not None
    assert listed.entry.is_directory
    assert listed.version is None


async def test_pages_of_a_directory(catalog: Catalog, tree: dict[str, int], fileset_id: int) -> None:
    db = catalog.direct
    top = await entries.names(db, fileset_id, 0, 0, 10)
    assert [(name, version_id is None) for _, name, version_id, _, _ in top] == [
        ("logs", True),
        ("b.txt", False),
    ]
    assert await entries.names(db, fileset_id, 0, 0, 1) == top[:1]
    assert await entries.names(db, fileset_id, 0, tree["logs"], 10) == top[1:]
    assert await entries.count(db, fileset_id, 0) == 2
    assert await entries.count(db, fileset_id, tree["logs"]) == 1


async def test_names_are_as_much_as_a_listing_shows(catalog: Catalog, put: Any, fileset_id: int) -> None:
    directory = await put(
        "entries", fileset_id=fileset_id, name="d", path="d", subdirectories=3, changed_ns=7
    )
    file = await put("entries", fileset_id=fileset_id, name="f", path="f", changed_ns=8)
    version = await put("versions", entry_id=file, fileset_id=fileset_id, size=5, changed_ns=9)
    await put("entries", fileset_id=fileset_id, parent_id=directory, name="x", path="d/x")
    await catalog.write(lambda tx: tx.run("UPDATE entries SET version_id = ? WHERE id = ?", version, file))
    lean = await entries.names(catalog.direct, fileset_id, 0, 0, 10)
    assert lean == [(directory, "d", None, 3, 7), (file, "f", version, 5, 9)]
    assert await entries.names(catalog.direct, fileset_id, 0, directory, 10) == lean[1:]
    assert await entries.names(catalog.direct, fileset_id, 0, 0, 1) == lean[:1]
