"""What is promised of the HTTP API, asked of it route by route, and that it and its document agree."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from typing import Any

import pytest
from yarl import URL

# Method and path of everything that is promised by name.
PROMISED = """
POST   /runs/{run_id}/files/upload-url
POST   /runs/{run_id}/files
GET    /runs/{run_id}/files
GET    /runs/files/{file_id}
PATCH  /runs/files/{file_id}
GET    /runs/files/{file_id}/download-url
GET    /runs/files/{file_id}/content
GET    /runs/files/{file_id}/versions
POST   /runs/files/{file_id}:append
POST   /runs/{run_id}/history
POST   /runs/{run_id}/console
POST   /runs/{run_id}/heartbeat
DELETE /runs/files/{file_id}
POST   /runs/{run_id}/files:delete
GET    /runs/{run_id}/files.zip
POST   /runs
GET    /runs
GET    /runs/{run_id}
PATCH  /runs/{run_id}
POST   /runs/{run_id}/finish
DELETE /runs/{run_id}
POST   /sweeps
GET    /sweeps
GET    /sweeps/{sweep_id}
PATCH  /sweeps/{sweep_id}
DELETE /sweeps/{sweep_id}
POST   /artifacts
GET    /artifacts/{artifact_id}
PATCH  /artifacts/{artifact_id}
POST   /artifacts/{artifact_id}/commit
DELETE /artifacts/{artifact_id}
GET    /artifacts/collections
POST   /projects
GET    /projects
GET    /projects/{entity}/{project}
PATCH  /projects/{entity}/{project}
DELETE /projects/{entity}/{project}
"""

FILE_FIELDS = {
    *("id", "run_id", "name", "path", "size", "content_type", "md5", "sha256", "description", "tags"),
    *("versions", "created_at", "updated_at"),
}


@pytest.fixture
async def document(api: Any) -> Any:
    """The document as it is served."""
    return await api.good("GET", "/openapi.json")


@pytest.fixture
async def files(api: Any) -> dict[str, Any]:
    """A run with four files."""
    await api.good("POST", "/runs", {"project": "team/a", "id": "r"})
    contents = {"a.txt": b"aaa", "plots/b.png": b"b", "plots/deep/C.csv": b"cc", "d/ünï.json": b"{}"}
    return {path: await api.save("r", path, data) for path, data in contents.items()}


async def paths(api: Any, **query: Any) -> list[str]:
    """The listed paths, of all pages."""
    found, cursor = [], {}
    while True:
        page = await api.good("GET", "/runs/r/files", params=query | cursor)
        assert (page["total_count"], page["total_bytes"]) == (4, 8)  # of the whole run, whatever is asked
        found += [file["path"] for file in page["items"]]
        if page["next_cursor"] is None:
            return found
        cursor = {"cursor": page["next_cursor"]}


def test_the_list_is_read() -> None:
    assert len(PROMISED.split()) == 2 * 37


async def test_all_that_is_promised_is_described(document: Any) -> None:
    assert document["openapi"].startswith("3.1")
    for line in PROMISED.strip().splitlines():
        method, path = line.split()
        assert method.lower() in document["paths"].get(f"/api/v1{path}", {}), line


async def test_every_name_of_a_field_is_in_snake_case(document: Any) -> None:
    for name, schema in document["components"]["schemas"].items():
        for field in schema.get("properties", {}):
            assert field == field.lower(), (name, field)
            assert field.isidentifier(), (name, field)


async def test_every_refusal_is_described_as_a_problem(document: Any) -> None:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            for status, answer in operation["responses"].items():
                if not status.startswith(("1", "2", "3")):
                    assert list(answer["content"]) == ["application/problem+json"], (method, path, status)


async def test_listing_sorted_and_filtered(api: Any, files: dict[str, Any]) -> None:
    assert files["a.txt"].keys() >= FILE_FIELDS
    in_order = ["a.txt", "d/ünï.json", "plots/b.png", "plots/deep/C.csv"]
    assert await paths(api, limit=1) == in_order
    assert await paths(api, sort="path", order="desc", limit=3) == in_order[::-1]
    assert (await paths(api, sort="size", limit=2))[-1] == "a.txt"
    assert await paths(api, sort="created", limit=2) == list(files)
    assert await paths(api, glob="plots/*") == ["plots/b.png"]
    assert await paths(api, glob="plots/**") == ["plots/b.png", "plots/deep/C.csv"]
    assert await paths(api, type="image/*") == ["plots/b.png"]
    assert await paths(api, text="c.CSV") == ["plots/deep/C.csv"]


async def test_a_cursor_goes_on_while_files_come_and_go(api: Any, files: dict[str, Any]) -> None:
    first = await api.good("GET", "/runs/r/files", params={"limit": 2})
    await api.ask("DELETE", f"/runs/files/{first['items'][1]['id']}")  # where the cursor stands
    await api.save("r", "a/earlier", b"")
    await api.save("r", "plots/a", b"")
    await api.save("r", "plots/b.png", b"another version")
    second = await api.good("GET", "/runs/r/files", params={"limit": 9, "cursor": first["next_cursor"]})
    assert [file["path"] for file in second["items"]] == ["plots/a", "plots/b.png", "plots/deep/C.csv"]


async def test_the_bytes_in_part_and_on_condition(api: Any, files: dict[str, Any]) -> None:
    where = f"/runs/files/{files['d/ünï.json']['id']}/content"
    whole = await api.raw("GET", where)
    tag = f'"{hashlib.sha256(b"{}").hexdigest()}"'
    assert (whole.headers["ETag"], whole.headers["Accept-Ranges"]) == (tag, "bytes")
    assert whole.headers["Content-Disposition"].endswith("filename*=UTF-8''%C3%BCn%C3%AF.json")
    assert whole.headers["X-Content-Type-Options"] == "nosniff"
    assert whole.headers["Content-Security-Policy"].startswith("sandbox")
    for headers, status, body in (
        ({"Range": "bytes=1-"}, 206, b"}"),
        ({"Range": "bytes=1-", "If-Range": tag}, 206, b"}"),
        ({"Range": "bytes=1-", "If-Range": '"other"'}, 200, b"{}"),
        ({"Range": "bytes=2-"}, 416, None),
        ({"If-None-Match": tag}, 304, b""),
        ({"If-Match": '"other"'}, 412, None),
    ):
        answer = await api.raw("GET", where, headers=headers)
        assert answer.status == status, headers
        assert body is None or await answer.read() == body
        answer = await api.raw("HEAD", where, headers=headers)
        assert (answer.status, await answer.read()) == (status, b""), headers


async def test_versions_and_restoring(api: Any, files: dict[str, Any]) -> None:
    file_id = files["a.txt"]["id"]
    again = await api.save("r", "a.txt", b"new")
    assert (again["id"], again["versions"]) == (file_id, 2)
    versions = (await api.good("GET", f"/runs/files/{file_id}/versions"))["items"]
    assert [version["number"] for version in versions] == [2, 1]
    old = await api.raw("GET", f"/runs/files/{file_id}/content", params={"version": 1})
    assert await old.read() == b"aaa"
    restored = await api.good("POST", f"/runs/files/{file_id}/versions/1:restore")
    assert (restored["sha256"], restored["versions"]) == (hashlib.sha256(b"aaa").hexdigest(), 3)


async def test_appending_only_at_the_end(api: Any, files: dict[str, Any]) -> None:
    where = f"/runs/files/{files['a.txt']['id']}:append"
    tail = {"offset": 3, "bytes": "YmI=", "sha256": hashlib.sha256(b"bb").hexdigest()}
    assert (await api.good("POST", where, tail))["size"] == 5
    assert (await api.ask("POST", where, tail))[0] == 409
    assert (await api.ask("POST", where, tail | {"offset": 5, "sha256": "0" * 64}))[0] == 422


async def test_a_url_for_downloading(api: Any, files: dict[str, Any]) -> None:
    url = URL((await api.good("GET", f"/runs/files/{files['a.txt']['id']}/download-url"))["download_url"])
    assert await (await api.client.get(url.relative())).read() == b"aaa"
    assert (await api.client.get(url.update_query(signature="0" * 64).relative())).status == 403


async def test_an_archive_of_a_glob(api: Any, files: dict[str, Any]) -> None:
    answer = await api.raw("GET", "/runs/r/files.zip", params={"glob": "plots/**"})
    assert answer.headers["Content-Type"] == "application/zip"
    assert "Content-Length" not in answer.headers  # it is made while it is sent
    with zipfile.ZipFile(io.BytesIO(await answer.read())) as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == {
            "plots/b.png": b"b",
            "plots/deep/C.csv": b"cc",
        }


async def test_deleting_by_glob_by_id_and_one(api: Any, files: dict[str, Any]) -> None:
    deleted = await api.good("POST", "/runs/r/files:delete", {"glob": "plots/**"})
    assert deleted == {"deleted": 2, "bytes": 3}
    gone = files["plots/b.png"]["id"]
    deleted = await api.good("POST", "/runs/r/files:delete", {"ids": [files["a.txt"]["id"], gone]})
    assert deleted == {"deleted": 1, "bytes": 3}
    assert await api.ask("DELETE", f"/runs/files/{files['d/ünï.json']['id']}") == (204, None)
    page = await api.good("GET", "/runs/r/files")
    assert (page["items"], page["total_count"], page["total_bytes"]) == ([], 0, 0)


async def test_lines_are_idempotent(api: Any, files: dict[str, Any]) -> None:
    for kind, line, other in (("history", {"a": 1}, {"a": 2}), ("console", "x", "y")):
        where = f"/runs/r/{kind}"
        for _ in range(2):
            assert (await api.good("POST", where, {"first_line": 0, "lines": [line]}))["next_line"] == 1
        assert (await api.ask("POST", where, {"first_line": 2, "lines": [line]}))[0] == 409
        if kind == "history":
            assert (await api.ask("POST", where, {"first_line": 0, "lines": [other]}))[0] == 409


# Every way to be refused that has nothing to do with one route.
REFUSED: list[tuple[str, str, dict[str, Any], int]] = [
    ("GET", "/nothing", {}, 404),
    ("GET", "/runs/", {}, 404),
    ("GET", "/runs/files/abc", {}, 404),
    ("GET", "/runs/files/99999999999999999999", {}, 404),
    ("GET", "/runs/nobody", {}, 404),
    ("PUT", "/runs", {}, 405),
    ("TRACE", "/runs", {}, 405),
    ("OPTIONS", "/runs", {}, 405),
    ("POST", "/runs", {"data": b" " * (1 << 21), "headers": {"Content-Type": "application/json"}}, 413),
    ("POST", "/runs", {"data": b"{}", "headers": {"Content-Type": "text/plain"}}, 415),
    ("POST", "/runs", {"data": b"{}", "headers": {"Content-Encoding": "gzip"}}, 415),
    ("POST", "/runs", {"data": b"{", "headers": {"Content-Type": "application/json"}}, 400),
    ("POST", "/runs", {"data": b'{"id":"\xff"}', "headers": {"Content-Type": "application/json"}}, 400),
    ("POST", "/runs", {"data": b"[" * 9999, "headers": {"Content-Type": "application/json"}}, 400),
    ("POST", "/runs", {"json": ["not", "an", "object"]}, 422),
    ("POST", "/runs", {"json": {"id": 1, "config": [], "tags": "x"}}, 422),
    ("POST", "/runs", {"json": {"unheard": "of"}}, 422),
    ("POST", "/runs", {"json": {"id": ".."}}, 422),
    ("POST", "/runs", {"json": {"id": "a/b"}}, 422),
    ("GET", "/runs?limit=0", {}, 422),
    ("GET", "/runs?limit=1001", {}, 422),
    ("GET", "/runs?limit=1&limit=2", {}, 422),
    ("GET", "/runs?cursor=made-up", {}, 422),
    ("GET", "/runs?unheard=of", {}, 422),
    ("GET", "/runs?text=%00", {}, 422),
    ("GET", "/runs?text=%ff", {}, 400),
    ("GET", "/runs", {"headers": {"Authorization": "Bearer wrong"}}, 401),
    ("GET", "/runs", {"headers": {"Host": "evil.example"}}, 421),
    ("GET", "/runs", {"headers": {"Host": "localhost@evil.example"}}, 400),
    ("POST", "/runs", {"json": {}, "headers": {"Origin": "http://evil.example"}}, 403),
]


@pytest.mark.parametrize(("method", "path", "options", "status"), REFUSED)
async def test_every_refusal_is_a_problem(
    api: Any, method: str, path: str, options: dict[str, Any], status: int
) -> None:
    await api.good("POST", "/projects", {"project": "team/a"})
    where = URL(f"/api/v1{path}", encoded=True)
    headers = {"Authorization": f"Bearer {api.key}"} | options.get("headers", {})
    answer = await api.client.request(method, where, **options | {"headers": headers})
    assert (answer.status, answer.content_type) == (status, "application/problem+json")
    document = json.loads(await answer.read())
    assert document.keys() >= {"type", "title", "status", "detail"}
    assert (document["status"], document["type"][:18]) == (status, "urn:runfs:problem:")
    assert status != 405 or answer.headers["Allow"]


async def test_names_that_are_not_utf8_are_refused_and_the_sign_for_them_is_not(api: Any) -> None:
    await api.good("POST", "/runs", {"id": "r"})
    for escaped, status in (("%ff", 400), ("a%C3", 400), ("%EF%BF%BD", 201)):
        where = URL(f"/api/v1/runs/r/files?path={escaped}", encoded=True)
        answer = await api.client.put(where, data=b"x", headers={"Authorization": f"Bearer {api.key}"})
        assert answer.status == status, escaped


async def test_two_keys_are_none(api: Any) -> None:
    headers = [("Authorization", f"Bearer {api.key}"), ("Authorization", "Bearer other")]
    answer = await api.client.get("/api/v1/runs", headers=headers)
    assert (answer.status, answer.content_type) == (400, "application/problem+json")


async def test_methods_that_no_page_uses_are_refused_to_programs(api: Any) -> None:
    for method in ("PUT", "DELETE", "PATCH", "OPTIONS"):
        answer = await api.client.request(method, "/nothing")
        assert (answer.status, answer.content_type) == (404, "application/problem+json")
