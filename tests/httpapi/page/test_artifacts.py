"""Artifacts: collections, versions, aliases, who made and who used them, their files."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from store.catalog import artifacts


async def chunks(data: bytes) -> AsyncIterator[bytes]:
    yield data


ARTIFACTS = "/projects/team/vision/artifacts"


@pytest.fixture
async def artifact(api: Any, run: str, uploads: Any) -> int:
    made = await api.good(
        "POST",
        "/artifacts",
        {
            "project": "team/vision",
            "type": "dataset",
            "name": "mnist",
            "run": run,
            "metadata": {"n": "<b>"},
        },
    )
    row = await artifacts.by_id(api.catalog.read, made["id"])
    assert row is not None
    await uploads.put(row.fileset_id, "d/x.txt", chunks(b"xy"))
    await api.good("POST", f"/artifacts/{made['id']}/commit", {"aliases": ["best"]})
    await api.good("POST", "/runs", {"project": "team/vision", "id": "user1"})
    await api.good("POST", f"/artifacts/{made['id']}/use", {"run": "user1"})
    return int(made["id"])


async def test_types_and_collections(site: Any, artifact: int) -> None:
    text = await site.get(ARTIFACTS)
    assert "<h2>dataset</h2>" in text
    assert f'href="{ARTIFACTS}/collections/mnist"' in text
    assert f'href="{ARTIFACTS}/collections/mnist/v0"' in text


async def test_versions_and_aliases(site: Any, artifact: int) -> None:
    text = await site.get(f"{ARTIFACTS}/collections/mnist")
    assert "<bdi>best</bdi></span>" in text
    assert 'href="/projects/team/vision/runs/r1"' in text


async def test_one_version(site: Any, artifact: int) -> None:
    text = await site.get(f"{ARTIFACTS}/collections/mnist/v0")
    assert "1 file" in text
    assert "&lt;b&gt;" in text
    assert 'href="/projects/team/vision/runs/user1"' in text
    assert "use_artifact" in text
    await site.get(f"{ARTIFACTS}/collections/mnist/v1", 404)


async def test_files_cannot_be_changed(site: Any, artifact: int) -> None:
    files = f"{ARTIFACTS}/collections/mnist/v0/files"
    assert "data-upload" not in await site.get(files)
    assert "x.txt" in await site.get(f"{files}/d")
    page = await site.get(f"{files}/d/x.txt")
    assert 'value="delete"' not in page
    assert "Restore" not in page
    async with await site.answer("POST", files, data={"csrf": await site.token(), "file": "1"}) as response:
        assert response.status == 405


async def test_empty(site: Any, run: str) -> None:
    assert "No artifact yet" in await site.get(ARTIFACTS)
