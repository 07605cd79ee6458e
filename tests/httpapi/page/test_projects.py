"""The first page."""

from typing import Any


async def test_empty(site: Any) -> None:
    text = await site.get("/")
    assert "No project yet" in text
    assert "sdk.init" in text


async def test_projects_link_to_their_runs(site: Any, run: str) -> None:
    text = await site.get("/")
    assert 'href="/projects/team/vision/runs"' in text
    assert "1 run<" in text
    assert "default project" in text


async def test_a_key_for_one_project_sees_that_one(site: Any, api: Any, reader: Any, run: str) -> None:
    await api.good("POST", "/runs", {"project": "team/secret"})
    assert "secret" in await site.get("/")
    assert "secret" not in await reader.get("/")


async def test_hostile_names(site: Any, api: Any) -> None:
    await api.good("POST", "/runs", {"project": "<b>/'\"><script>alert(1)<script>"})
    text = await site.get("/")
    assert "<script>alert" not in text
    assert "<b>" not in text.replace("<b>files</b>", "")
