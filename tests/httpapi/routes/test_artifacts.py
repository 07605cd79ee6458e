"""Artifact versions over HTTP."""

import io
import zipfile
from typing import Any

import pytest


@pytest.fixture(autouse=True)
async def run(api: Any) -> None:
    await api.good("POST", "/runs", {"project": "team/a", "id": "r1"})


async def made(api: Any, **more: Any) -> Any:
    return await api.good("POST", "/artifacts", {"type": "model", "name": "resnet", **more})


async def put(api: Any, artifact_id: int, path: str, data: bytes) -> tuple[int, Any]:
    answer = await api.raw("PUT", f"/artifacts/{artifact_id}/files", params={"path": path}, data=data)
    return answer.status, await answer.json(content_type=None)


async def test_a_version_from_birth_to_use(api: Any) -> None:
    artifact = await made(api, run="r1", metadata={"acc": 0.5}, description="d")
    assert (artifact["state"], artifact["version"], artifact["run"]) == ("pending", None, "r1")
    where = f"/artifacts/{artifact['id']}"
    status, file = await put(api, artifact["id"], "d/model.pt", b"weights")
    assert (status, file["artifact_id"], file["run_id"], file["path"]) == (
        201,
        artifact["id"],
        None,
        "d/model.pt",
    )
    assert (await api.good("GET", "/artifacts/collections/resnet/versions"))["items"] == []
    committed = await api.good("POST", f"{where}/commit", {"aliases": ["best"]})
    assert (committed["state"], committed["version"]) == ("committed", "v0")
    assert committed["aliases"] == ["latest", "best"]
    assert (committed["files"], committed["bytes"], committed["metadata"]) == (1, 7, {"acc": 0.5})
    assert (await put(api, artifact["id"], "more", b"x"))[0] == 409
    assert await api.ask("POST", f"{where}/use", {"run": "r1"}) == (204, None)
    assert (await api.ask("POST", f"{where}/use", {"run": "nothing"}))[0] == 404
    described = await api.good("PATCH", where, {"description": "e", "metadata": {}})
    assert (described["description"], described["metadata"], described["used_by"]) == ("e", {}, ["r1"])
    listed = await api.good("GET", f"{where}/files")
    assert ([each["path"] for each in listed["items"]], listed["total_bytes"]) == (["d/model.pt"], 7)
    answer = await api.raw("GET", f"/runs/files/{file['id']}/content")
    assert await answer.read() == b"weights"


async def test_three_steps(api: Any) -> None:
    artifact = await made(api)
    where = f"/artifacts/{artifact['id']}/files"
    upload = await api.good("POST", f"{where}/upload-url", {"path": "a", "size": 1})
    assert (await api.ask("POST", f"/artifacts/{artifact['id']}/commit"))[0] == 409
    path = upload["upload_url"].partition("/api/")[2]
    assert (await api.with_key(None).ask("PUT", f"/api/{path}", data=b"x"))[0] == 200
    assert (await api.ask("POST", "/runs/r1/files", {"upload_id": upload["upload_id"]}))[0] == 404
    status, file = await api.ask("POST", where, {"upload_id": upload["upload_id"]})
    assert (status, file["artifact_id"]) == (201, artifact["id"])
    assert (await api.good("POST", f"/artifacts/{artifact['id']}/commit"))["version"] == "v0"


async def test_the_same_digest_is_the_same_version(api: Any) -> None:
    first = await made(api, digest="abc")
    await api.good("POST", f"/artifacts/{first['id']}/commit")
    status, again = await api.ask("POST", "/artifacts", {"type": "model", "name": "resnet", "digest": "abc"})
    assert (status, again["id"], again["version"]) == (200, first["id"], "v0")
    assert (await made(api, digest="other"))["state"] == "pending"


async def test_an_archive(api: Any) -> None:
    artifact = await made(api)
    await put(api, artifact["id"], "a/b", b"x")
    await api.good("POST", f"/artifacts/{artifact['id']}/commit")
    answer = await api.raw("GET", f"/artifacts/{artifact['id']}/files.zip", params={"glob": "**"})
    assert answer.headers["Content-Disposition"] == 'attachment; filename="resnet-v0.zip"'
    with zipfile.ZipFile(io.BytesIO(await answer.read())) as opened:
        assert opened.read("a/b") == b"x"


async def test_deleting(api: Any) -> None:
    for _ in range(2):
        artifact = await made(api)
        await put(api, artifact["id"], "a", b"x")
        await api.good("POST", f"/artifacts/{artifact['id']}/commit")
    assert (await api.good("GET", "/artifacts/collections/resnet"))["aliases"] == {"latest": "v1"}
    assert await api.ask("DELETE", f"/artifacts/{artifact['id']}") == (204, None)
    assert (await api.ask("GET", f"/artifacts/{artifact['id']}"))[0] == 404
    assert (await api.good("GET", "/artifacts/collections/resnet"))["aliases"] == {"latest": "v0"}


async def test_what_is_refused(api: Any, make_key: Any) -> None:
    artifact = await made(api)
    assert (await api.ask("POST", "/artifacts", {"type": "data", "name": "resnet"}))[0] == 409
    assert (await api.ask("POST", "/artifacts", {"type": "model", "name": "a/b"}))[0] == 422
    assert (await api.ask("POST", "/artifacts", {"type": "model", "name": "x", "run": "nothing"}))[0] == 404
    assert (await api.ask("POST", f"/artifacts/{artifact['id']}/commit", {"aliases": ["v7"]}))[0] == 422
    stranger = api.with_key(await make_key("admin", "team/b"))
    for method, path in (
        ("GET", ""),
        ("DELETE", ""),
        ("GET", "/files"),
        ("POST", "/commit"),
        ("GET", "/files.zip"),
    ):
        assert (await stranger.ask(method, f"/artifacts/{artifact['id']}{path}"))[0] == 404
