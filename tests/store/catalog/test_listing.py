"""Lists of files: every filter, every sort in both directions, pages that join up."""

from __future__ import annotations

from typing import Any

import pytest

from store.catalog import Catalog, globs, listing
from store.catalog.listing import Filter, Order, Sort

SIZES = {"a.txt": 5, "logs": None, "logs/b.png": 5, "logs/deep": None, "logs/deep/c%.bin": 1, "z.csv": 900}


@pytest.fixture
async def filled(put: Any, fileset_id: int) -> int:
    """Two directories and four files; z.csv has two versions and a retired one."""
    other = await put("filesets", project_id=1)
    await put("entries", fileset_id=other, name="a.txt", path="a.txt", version_id=None)
    ids: dict[str, int] = {"": 0}
    for number, (path, size) in enumerate(SIZES.items()):
        parent, _, name = path.rpartition("/")
        entry = await put(
            "entries",
            fileset_id=fileset_id,
            parent_id=ids[parent],
            name=name,
            path=path,
            version_id=None if size is None else 100 + number,
            description="The Best" if path == "a.txt" else "",
        )
        ids[path] = entry
        if size is not None:
            kind = {"png": "image/png", "txt": "text/plain", "csv": "text/csv"}.get(
                path[-3:], "application/x-b"
            )
            await put(
                "versions",
                id=100 + number,
                entry_id=entry,
                fileset_id=fileset_id,
                size=size,
                content_type=kind,
                number=2,
                created_ns=1000 - number,
            )
    for number, retired in ((1, None), (0, 5)):
        await put(
            "versions",
            entry_id=ids["z.csv"],
            fileset_id=fileset_id,
            number=number,
            size=1,
            retired_ns=retired,
        )
    return fileset_id


async def paths(catalog: Catalog, fileset_id: int, of: Filter, order: Order | None = None) -> list[str]:
    found = await listing.files(catalog.read, fileset_id, of, order or Order(), 100)
    return [item.entry.path for item in found]


@pytest.mark.parametrize(
    ("of", "expected"),
    [
        (Filter(), ["a.txt", "logs/b.png", "logs/deep/c%.bin", "z.csv"]),
        (Filter(parent_id=0), ["a.txt", "z.csv"]),
        (Filter(glob="*"), ["a.txt", "z.csv"]),
        (Filter(glob="**"), ["a.txt", "logs/b.png", "logs/deep/c%.bin", "z.csv"]),
        (Filter(glob="**/*.bin"), ["logs/deep/c%.bin"]),
        (Filter(glob="l*/b*"), ["logs/b.png"]),
        (Filter(glob="l*s/**/c*"), ["logs/deep/c%.bin"]),
        (Filter(content_type="image/png"), ["logs/b.png"]),
        (Filter(content_type="text/*"), ["a.txt", "z.csv"]),
        (Filter(content_type="te_t/*"), []),
        (Filter(text="LOGS"), ["logs/b.png", "logs/deep/c%.bin"]),
        (Filter(text="the best"), ["a.txt"]),
        (Filter(text="%"), ["logs/deep/c%.bin"]),
        (Filter(text="_"), []),
        (Filter(text="b", glob="**/*.png"), ["logs/b.png"]),
    ],
)
async def test_filters(catalog: Catalog, filled: int, of: Filter, expected: list[str]) -> None:
    assert await paths(catalog, filled, of) == expected
    count, size = await listing.totals(catalog.read, filled, of)
    assert (count, size) == (len(expected), sum(SIZES[path] or 0 for path in expected))


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("name", ["a.txt", "logs/b.png", "logs/deep/c%.bin", "z.csv"]),
        ("size", ["logs/deep/c%.bin", "a.txt", "logs/b.png", "z.csv"]),
        ("type", ["logs/deep/c%.bin", "logs/b.png", "z.csv", "a.txt"]),
        ("versions", ["a.txt", "logs/b.png", "logs/deep/c%.bin", "z.csv"]),
        ("created", ["z.csv", "logs/deep/c%.bin", "logs/b.png", "a.txt"]),
    ],
)
async def test_sorts(catalog: Catalog, filled: int, sort: Sort, expected: list[str]) -> None:
    assert await paths(catalog, filled, Filter(), Order(sort)) == expected
    assert await paths(catalog, filled, Filter(), Order(sort, descending=True)) == expected[::-1]


@pytest.mark.parametrize("sort", ["name", "path", "size", "type", "versions", "created"])
@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("of", [Filter(), Filter(parent_id=0)])
async def test_pages_join_up(catalog: Catalog, filled: int, sort: Sort, descending: bool, of: Filter) -> None:
    order = Order(sort, descending)
    whole = await listing.files(catalog.read, filled, of, order, 100)
    by_cursor, after = [], None
    for offset in range(len(whole)):
        page = await listing.files(catalog.read, filled, of, order, 1, after=after)
        assert page == await listing.files(catalog.read, filled, of, order, 1, offset=offset)
        by_cursor += page
        after = listing.position(page[-1], order)
    assert by_cursor == whole
    assert await listing.files(catalog.read, filled, of, order, 1, after=after) == []


async def test_versions_are_counted_without_the_retired(catalog: Catalog, filled: int) -> None:
    found = await listing.files(catalog.read, filled, Filter(glob="z.csv"), Order(), 9)
    assert [item.versions for item in found] == [2]
    assert found[0].version is not None
    assert found[0].version.size == 900


@pytest.mark.parametrize("sort", ["name", "path", "size", "type", "versions", "created"])
async def test_directories(catalog: Catalog, filled: int, sort: Sort) -> None:
    top = await listing.directories(catalog.read, filled, Filter(parent_id=0), Order(sort), 9)
    assert [(item.entry.path, item.version) for item in top] == [("logs", None)]
    assert (
        await listing.directories(catalog.read, filled, Filter(parent_id=0), Order(sort), 9, offset=1) == []
    )


async def test_of_ids_keeps_their_order(catalog: Catalog, filled: int) -> None:
    found = await listing.files(catalog.read, filled, Filter(), Order(), 9)
    ids = [item.entry.id for item in found][::-1]
    assert await listing.of_ids(catalog.read, [*ids, 10**9]) == found[::-1]
    assert await listing.of_ids(catalog.read, []) == []


async def test_directories_are_by_name_where_they_lack_the_value(
    catalog: Catalog, put: Any, fileset_id: int
) -> None:
    for name in ("b", "a", "c"):
        await put("entries", fileset_id=fileset_id, name=name, path=name)
    for order, expected in (
        (Order("size", descending=True), "abc"),
        (Order("name", descending=True), "cba"),
        (Order("created"), "bac"),
    ):
        found = await listing.directories(catalog.read, fileset_id, Filter(parent_id=0), order, 9)
        assert "".join(item.entry.name for item in found) == expected


async def test_ids_under_a_directory(catalog: Catalog, put: Any, fileset_id: int) -> None:
    ids = {}
    for path in ("a/x", "a/b/y", "a", "a0", "a.txt", "ab/x"):
        version = None if path == "a" else 1
        ids[path] = await put("entries", fileset_id=fileset_id, name=path, path=path, version_id=version)
    assert await listing.ids_under(catalog.read, fileset_id, "a") == [ids["a/b/y"], ids["a/x"]]
    assert await listing.ids_under(catalog.read, fileset_id, "none") == []


async def test_ids_of_all_that_a_filter_lets_through(catalog: Catalog, put: Any, fileset_id: int) -> None:
    ids = {}
    for path in ("b.pt", "a.pt", "c.txt", "folder.pt"):
        version = None if path == "folder.pt" else 1
        ids[path] = await put("entries", fileset_id=fileset_id, name=path, path=path, version_id=version)
    assert await listing.ids(catalog.read, fileset_id, Filter(glob="*.pt")) == [ids["a.pt"], ids["b.pt"]]
    assert await listing.ids(catalog.read, fileset_id + 1, Filter()) == []


async def test_globs_find_what_they_match(catalog: Catalog, put: Any, fileset_id: int) -> None:
    """Whichever way a glob takes to the database, it finds what `globs.matches` says."""
    paths = [
        "a.pt",
        "x/a.pt",
        "x/y/a.pt",
        "a",
        "x/a",
        "[a].pt",
        "x/]b",
        "*.pt",
        "x/ab.pt.bak",
        "x/A.PT",
        "x/-",
    ]
    ids = {}
    for parent_id, path in enumerate(paths):
        place = {"fileset_id": fileset_id, "parent_id": parent_id}
        ids[path] = await put("entries", **place, name=path.rpartition("/")[2], path=path, version_id=1)
    wildcards = (
        "*.pt",
        "*",
        "a*",
        "?.pt",
        "[!a]*",
        "[a]",
        "[[]a].pt",
        "[]]*",
        "*a*",
        "*a*b*",
        "[*].pt",
        "[x-]",
    )
    for pattern in (form + wild for form in ("", "**/", "x/", "**/x/", "*/**/") for wild in wildcards):
        found = await listing.ids(catalog.read, fileset_id, Filter(glob=pattern))
        expected = sorted(path for path in paths if globs.matches(path, pattern))
        assert found == [ids[path] for path in expected], pattern
