"""The Files tab: folders, sorts, pages, search, and deletion."""

import re
from typing import Any

import pytest

from httpapi.page import files

FILES = "/projects/team/vision/runs/r1/files"


@pytest.fixture
async def saved(api: Any, run: str) -> dict[str, int]:
    ids = {}
    for path, data in {
        "b.txt": b"22",
        "a.png": b"4444",
        "logs/x.log": b"1",
        "logs/deep/y.csv": b"a,b",
        "zoo/z.bin": b"",
    }.items():
        ids[path] = int((await api.save(run, path, data))["id"])
    return ids


def names(text: str) -> list[str]:
    return re.findall(r'aria-label="Tick ([^"]+)"', text)


CASES = (
    ("", ["logs", "zoo", "a.png", "b.txt"]),
    ("?sort=name&order=desc", ["zoo", "logs", "b.txt", "a.png"]),
    ("?sort=size", ["logs", "zoo", "a.png", "b.txt"]),
    ("?sort=size&order=asc", ["logs", "zoo", "b.txt", "a.png"]),
    ("?sort=nonsense", ["logs", "zoo", "a.png", "b.txt"]),
    ("?limit=1", ["logs"]),
    ("?limit=1&page=3", ["a.png"]),
    ("?limit=3", ["logs", "zoo", "a.png"]),
    ("?limit=3&page=2", ["b.txt"]),
    ("?limit=3&page=99", ["b.txt"]),
    ("/logs", ["deep", "x.log"]),
    ("/logs/", ["deep", "x.log"]),
    ("/logs/deep", ["y.csv"]),
    ("?q=LOG", ["logs/deep/y.csv", "logs/x.log"]),
    ("?q=*.csv", ["logs/deep/y.csv"]),
    ("?q=logs/*", ["logs/x.log"]),
    ("?q=**", ["a.png", "b.txt", "logs/deep/y.csv", "logs/x.log", "zoo/z.bin"]),
    ("?q=**&sort=size&limit=2", ["a.png", "logs/deep/y.csv"]),
    ("?q=nothing", []),
)


async def test_listed(site: Any, saved: Any) -> None:
    for tail, expected in CASES:
        shown = names(await site.get(FILES + tail))
        assert [name for name in shown if name != "all of this page"] == expected, tail


async def test_totals_are_of_the_whole_run(site: Any, saved: Any) -> None:
    for tail in ("", "/logs", "?q=*.png", "?limit=1"):
        assert "5 files, 10 B in all" in await site.get(FILES + tail)


async def test_the_script_gets_the_table_alone(site: Any, saved: Any) -> None:
    part = await site.part(FILES + "?q=png")
    assert part.lstrip().startswith('<div id="files"')
    assert "<html" not in part


async def test_empty(site: Any, run: str) -> None:
    text = await site.get(FILES)
    assert "No files yet" in text
    assert "run.save(" in text
    assert "as zip" not in text


async def test_delete_files_and_folders(site: Any, api: Any, saved: dict[str, int]) -> None:
    page = await site.get(FILES)
    (folder,) = re.findall(r'value="(\d+)" aria-label="Tick logs"', page)
    other = await api.good("POST", "/runs", {"project": "team/vision", "id": "r2"})
    kept = await api.save(other["id"], "kept.txt", b"k")
    fields = [("file", folder), ("file", str(saved["b.txt"])), ("file", str(kept["id"])), ("file", "x")]
    assert await site.post(FILES, fields) == FILES
    listed = await api.good("GET", "/runs/r1/files")
    assert [file["path"] for file in listed["items"]] == ["a.png", "zoo/z.bin"]
    assert (await api.good("GET", "/runs/r2/files"))["total_count"] == 1


async def test_delete_nothing(site: Any, saved: Any) -> None:
    assert "ticked" in await site.post(FILES, [("file", "999999")], 422)


async def test_a_reader_changes_nothing(reader: Any, saved: dict[str, int], api: Any) -> None:
    text = await reader.get(FILES)
    assert "data-confirm" not in text
    assert "data-upload" not in text
    await reader.post(FILES, [("file", str(saved["b.txt"]))], 403)
    await reader.post(f"{FILES}/b.txt", {"action": "delete"}, 403)
    assert (await api.good("GET", "/runs/r1/files"))["total_count"] == 5


async def test_hostile_names(site: Any, api: Any, run: str) -> None:
    for name in ("<img src=x onerror=alert(1)>", "'\"`${x}", "a b?#%2f&", "ü\u202etxt"):
        await api.save(run, name, b"x")
    text = await site.get(FILES)
    assert "<img src=x" not in text
    for where in re.findall(rf'href="({FILES}/[^"]+)"', text):
        page = await site.get(where.replace("&amp;", "&").replace("&#39;", "'"))
        assert "SHA-256" in page


async def test_delete_all_that_a_search_finds(site: Any, api: Any, saved: dict[str, int]) -> None:
    other = await api.good("POST", "/runs", {"project": "team/vision", "id": "r2"})
    await api.save(other["id"], "logs/other.log", b"k")
    text = await site.get(f"{FILES}?q=logs/**&limit=1")
    assert "Delete 2 files, 4 B in all?" in text
    assert 'name="found" value="2"' in text
    fields = {"action": "delete-found", "q": "logs/**", "found": "2"}
    assert await site.post(f"{FILES}/logs", fields) == f"{FILES}?q=logs/**"
    listed = await api.good("GET", "/runs/r1/files")
    assert [file["path"] for file in listed["items"]] == ["a.png", "b.txt", "zoo/z.bin"]
    assert (await api.good("GET", "/runs/r2/files"))["total_count"] == 1


@pytest.mark.parametrize(
    "fields", [{"q": "logs/**", "found": "3"}, {"q": "logs/**"}, {"found": "5"}, {"q": "", "found": "5"}]
)
async def test_what_was_not_shown_is_not_deleted(
    site: Any, reader: Any, api: Any, saved: dict[str, int], fields: dict[str, str]
) -> None:
    await site.post(FILES, {"action": "delete-found", **fields}, 409 if fields.get("q") else 422)
    await reader.post(FILES, {"action": "delete-found", "q": "logs/**", "found": "2"}, 403)
    assert (await api.good("GET", "/runs/r1/files"))["total_count"] == 5


async def test_many_are_deleted_in_several_transactions(
    site: Any, api: Any, saved: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "DELETED_AT_ONCE", 2)
    await site.post(FILES, {"action": "delete-found", "q": "**", "found": "5"})
    assert (await api.good("GET", "/runs/r1/files"))["total_count"] == 0


async def test_after_its_last_file_a_folder_is_left(site: Any, saved: dict[str, int]) -> None:
    fields = [("file", str(saved["logs/deep/y.csv"]))]
    assert await site.post(f"{FILES}/logs/deep", fields) == f"{FILES}/logs"
