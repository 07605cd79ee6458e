"""Artifact types, collections and aliases over HTTP."""

from typing import Any

import pytest

from httpapi.routes import collections


@pytest.fixture(autouse=True)
async def artifacts(api: Any) -> list[int]:
    """resnet v0 and v1 of type model, and a pending one; words v0 of type data."""
    await api.good("POST", "/projects", {"project": "team/a"})
    made = []
    for kind, name in (("model", "resnet"), ("model", "resnet"), ("data", "words"), ("model", "resnet")):
        made.append((await api.good("POST", "/artifacts", {"type": kind, "name": name}))["id"])
    for artifact_id in made[:3]:
        await api.good("POST", f"/artifacts/{artifact_id}/commit")
    return made


async def test_types(api: Any) -> None:
    page = await api.good("GET", "/artifacts/types", params={"limit": 1})
    assert (page["items"], page["total_count"]) == ([{"name": "model", "collections": 1}], 2)
    rest = await api.good("GET", "/artifacts/types", params={"cursor": page["next_cursor"]})
    assert [each["name"] for each in rest["items"]] == ["data"]


async def test_collections(api: Any) -> None:
    page = await api.good("GET", "/artifacts/collections", params={"limit": 1})
    rest = await api.good("GET", "/artifacts/collections", params={"cursor": page["next_cursor"]})
    first, second = page["items"] + rest["items"]
    assert (first["name"], first["type"], first["versions"], first["aliases"]) == (
        *("resnet", "model", 2, {"latest": "v1"}),
    )
    assert (second["name"], second["project"]) == ("words", "team/a")
    only = await api.good("GET", "/artifacts/collections", params={"type": "data"})
    assert ([each["name"] for each in only["items"]], only["total_count"]) == (["words"], 1)
    none = await api.good("GET", "/artifacts/collections", params={"type": "nothing"})
    assert (none["items"], none["total_count"]) == ([], 0)
    changed = await api.good("PATCH", "/artifacts/collections/words", {"description": "d"})
    assert (changed["description"], changed["versions"]) == ("d", 1)
    assert (await api.ask("GET", "/artifacts/collections/nothing"))[0] == 404


async def test_versions(api: Any, artifacts: list[int]) -> None:
    page = await api.good("GET", "/artifacts/collections/resnet/versions", params={"limit": 1})
    assert (page["items"][0]["version"], page["total_count"]) == ("v0", 2)
    rest = await api.good(
        "GET", "/artifacts/collections/resnet/versions", params={"cursor": page["next_cursor"]}
    )
    assert ([each["version"] for each in rest["items"]], rest["next_cursor"]) == (["v1"], None)
    where = "/artifacts/collections/resnet/versions"
    assert (await api.good("GET", f"{where}/v0"))["id"] == artifacts[0]
    assert (await api.good("GET", f"{where}/latest"))["id"] == artifacts[1]
    for wrong in ("v2", "v01x", "best", "v" + "9" * 30):
        assert (await api.ask("GET", f"{where}/{wrong}"))[0] == 404


async def test_aliases(api: Any, artifacts: list[int]) -> None:
    where = "/artifacts/collections/resnet/aliases"
    pointed = await api.good("PUT", f"{where}/best", {"artifact_id": artifacts[1]})
    assert pointed["aliases"] == {"latest": "v1", "best": "v1"}
    pointed = await api.good("PUT", f"{where}/best", {"artifact_id": artifacts[0]})
    assert pointed["aliases"] == {"latest": "v1", "best": "v0"}
    for wrong in (artifacts[2], artifacts[3]):  # another collection's; a pending one
        assert (await api.ask("PUT", f"{where}/best", {"artifact_id": wrong}))[0] == 409
    assert (await api.ask("PUT", f"{where}/v9", {"artifact_id": artifacts[0]}))[0] == 422
    assert await api.ask("DELETE", f"{where}/best") == (204, None)
    assert (await api.ask("DELETE", f"{where}/best"))[0] == 404


async def test_deleting_a_collection(api: Any, artifacts: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collections, "DELETED_AT_ONCE", 2)
    assert await api.ask("DELETE", "/artifacts/collections/resnet") == (204, None)
    assert (await api.ask("GET", "/artifacts/collections/resnet"))[0] == 404
    for artifact_id in (artifacts[0], artifacts[1], artifacts[3]):
        assert (await api.ask("GET", f"/artifacts/{artifact_id}"))[0] == 404
    assert [each["name"] for each in (await api.good("GET", "/artifacts/types"))["items"]] == ["data"]
