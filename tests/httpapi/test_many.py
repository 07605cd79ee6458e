"""Many small files as one body."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest


@pytest.fixture(autouse=True)
async def run(api: Any) -> None:
    await api.good("POST", "/runs", {"project": "team/a", "id": "r1"})


def described(path: str, data: bytes, **more: Any) -> dict[str, Any]:
    return {"path": path, "size": len(data), "sha256": hashlib.sha256(data).hexdigest(), **more}


def body(files: list[dict[str, Any]], *contents: bytes) -> bytes:
    return json.dumps({"files": files}).encode() + b"\n" + b"".join(contents)


async def put(api: Any, data: bytes, where: str = "/runs/r1/files:put") -> tuple[int, Any]:
    async with await api.raw("POST", where, data=data) as response:
        return response.status, await response.json(content_type=None)


async def test_each_file_has_its_outcome(api: Any) -> None:
    await api.save("r1", "a", b"old")
    files = [
        described("a", b"1\n2"),
        described("d/b.csv", b""),
        described("c", b"wrong") | {"size": 3},
        described("a/x", b"4"),
        described("e", b"5", md5=hashlib.md5(b"5").hexdigest(), content_type="image/png"),
    ]
    status, answer = await put(api, body(files, b"1\n2", b"", b"333", b"4", b"5"))
    assert status == 200
    found = [item["file"] and (item["file"]["path"], item["file"]["version"]) for item in answer["items"]]
    assert found == [("a", 2), ("d/b.csv", 1), None, None, ("e", 1)]
    assert [item["problem"] and item["problem"]["status"] for item in answer["items"]] == [
        None,
        None,
        422,
        409,
        None,
    ]
    assert [item["file"]["versions"] for item in answer["items"] if item["file"]] == [2, 1, 1]
    listed = {each["path"]: each for each in (await api.good("GET", "/runs/r1/files"))["items"]}
    assert {path: each["content_type"] for path, each in listed.items()} == {
        "a": "application/octet-stream",
        "d/b.csv": "text/csv",
        "e": "image/png",
    }
    async with await api.raw("GET", f"/runs/files/{listed['a']['id']}/content") as response:
        assert await response.read() == b"1\n2"


@pytest.mark.parametrize(
    ("data", "status", "kind"),
    [
        (b"", 400, "malformed"),
        (b"\n", 400, "malformed"),
        (b"{}", 400, "malformed"),
        (b'{"files": []}\n', 422, "invalid"),
        (b'{"files": [{"path": "a", "size": 1}]}\n1', 422, "invalid"),
        (body([described("a", b"1")], b""), 422, "mismatch"),
        (body([described("a", b"1")], b"12"), 422, "mismatch"),
        (body([described("a", b"1") | {"size": 1 << 62}], b"1"), 422, "mismatch"),
        (body([described("a", b"1") | {"more": 1}], b"1"), 422, "invalid"),
    ],
)
async def test_bodies_that_are_none(api: Any, data: bytes, status: int, kind: str) -> None:
    answered, problem = await put(api, data)
    assert (answered, problem["type"]) == (status, f"urn:runfs:problem:{kind}")
    assert (await api.good("GET", "/runs/r1"))["files"] == 0


async def test_who_may_not_write(api: Any, make_key: Any) -> None:
    data = body([described("a", b"1")], b"1")
    for key, status in ((None, 401), (await make_key("read"), 403), (await make_key("write", "team/b"), 404)):
        assert (await put(api.with_key(key), data))[0] == status
    assert (await api.good("GET", "/runs/r1"))["files"] == 0


async def test_an_artifact_until_it_is_committed(api: Any) -> None:
    made = await api.good("POST", "/artifacts", {"project": "team/a", "name": "set", "type": "data"})
    where = f"/artifacts/{made['id']}/files:put"
    status, answer = await put(api, body([described("a", b"1")], b"1"), where)
    assert (status, answer["items"][0]["file"]["artifact_id"]) == (200, made["id"])
    await api.good("POST", f"/artifacts/{made['id']}/commit", {})
    _, answer = await put(api, body([described("b", b"2")], b"2"), where)
    assert answer["items"][0]["problem"]["status"] == 409
