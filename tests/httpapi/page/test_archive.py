"""Archives from the Files tab: all, a folder, what was ticked."""

import io
import zipfile
from typing import Any

import pytest

FILES = "/projects/team/vision/runs/r1/files"
CONTENT = {"a.txt": b"1", "logs/b.txt": b"22", "logs/[x]/c.txt": b"333", "logsx/d.txt": b"4"}


@pytest.fixture
async def saved(api: Any, run: str) -> dict[str, str]:
    return {path: str((await api.save(run, path, data))["id"]) for path, data in CONTENT.items()}


async def members(answer: Any) -> dict[str, bytes]:
    async with answer as response:
        assert response.status == 200, await response.text()
        assert response.headers["Content-Type"] == "application/zip"
        assert response.headers["Content-Disposition"].startswith("attachment;")
        with zipfile.ZipFile(io.BytesIO(await response.read())) as archive:
            assert archive.testzip() is None
            return {name: archive.read(name) for name in archive.namelist()}


async def test_all(site: Any, saved: Any) -> None:
    assert await members(await site.answer("GET", f"{FILES}.zip")) == CONTENT


async def test_one_folder(site: Any, saved: Any) -> None:
    found = await members(await site.answer("GET", f"{FILES}.zip?folder=logs"))
    assert set(found) == {"logs/b.txt", "logs/[x]/c.txt"}
    found = await members(await site.answer("GET", f"{FILES}.zip?folder=logs/%5Bx%5D"))
    assert set(found) == {"logs/[x]/c.txt"}
    await site.get(f"{FILES}.zip?folder=none", 404)


async def test_what_a_search_finds(site: Any, saved: Any) -> None:
    for search, expected in {"b.t": {"logs/b.txt"}, "logs/**": {"logs/b.txt", "logs/[x]/c.txt"}}.items():
        async with await site.answer("GET", f"{FILES}.zip", params={"q": search}) as answer:
            with zipfile.ZipFile(io.BytesIO(await answer.read())) as archive:
                assert set(archive.namelist()) == expected


async def test_what_was_ticked(site: Any, saved: dict[str, str]) -> None:
    data = [("csrf", await site.token()), ("file", saved["a.txt"]), ("file", saved["logsx/d.txt"])]
    found = await members(await site.answer("POST", f"{FILES}.zip", data=data))
    assert set(found) == {"a.txt", "logsx/d.txt"}


async def test_a_reader_may(reader: Any, saved: dict[str, str]) -> None:
    data = [("csrf", await reader.token()), ("file", saved["a.txt"])]
    assert set(await members(await reader.answer("POST", f"{FILES}.zip", data=data))) == {"a.txt"}
