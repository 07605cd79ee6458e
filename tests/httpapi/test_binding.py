"""Requests that do not fit what their route declares."""

from typing import Any

import pytest

from httpapi.settings import Settings


@pytest.fixture
def settings() -> Settings:
    return Settings(json_max_bytes=1000, lines_max_bytes=5000)


@pytest.fixture(autouse=True)
async def run(api: Any) -> None:
    await api.good("POST", "/runs", {"id": "r1"})


@pytest.mark.parametrize(
    ("body", "status", "kind"),
    [
        (b"{", 400, "malformed"),
        (b"[]", 422, "invalid"),
        (b"null", 422, "invalid"),
        (b"\xff", 400, "malformed"),
        (b'{"exit_code": "x"}', 422, "invalid"),
        (b'{"exit_code": 1e400}', 422, "invalid"),
        (b'{"exit_code": 99999999999}', 422, "invalid"),
        (b'{"unknown": 1}', 422, "invalid"),
        (b'{"state": "running"}', 422, "invalid"),
        (b'{"exit_code": ' + b"[" * 900, 400, "malformed"),
        (b" " * 1001, 413, "too-large"),
    ],
)
async def test_bodies(api: Any, body: bytes, status: int, kind: str) -> None:
    answer, problem = await api.ask(
        "POST", "/runs/r1/finish", data=body, headers={"Content-Type": "application/json"}
    )
    assert (answer, problem["type"]) == (status, f"urn:runfs:problem:{kind}")
    assert (await api.good("GET", "/runs/r1"))["state"] == "running"


async def test_each_wrong_field_is_named(api: Any) -> None:
    _, problem = await api.ask("POST", "/runs", {"id": "..", "tags": ["a", 5], "nonsense": 1})
    assert [error["where"] for error in problem["errors"]] == ["body.id", "body.tags[1]", "body.nonsense"]
    assert problem["detail"].startswith("body.id: ")


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ([], "body: Input should be an object."),
        ({"config": []}, "body.config: Input should be an object."),
        ({"id": ".."}, 'body.id: the name is "..", which means a directory.'),
    ],
)
async def test_details_speak_of_the_request_and_not_of_python(api: Any, body: Any, detail: str) -> None:
    _, problem = await api.ask("POST", "/runs", body)
    assert problem["detail"] == detail


async def test_a_project_is_named_whole(api: Any) -> None:
    _, problem = await api.ask("GET", "/runs?project=mnist")
    assert problem["detail"] == "query.project: 'mnist' names no project: write ENTITY/PROJECT."


async def test_a_body_of_unknown_length_is_bounded_too(api: Any) -> None:
    async def endless() -> Any:
        while True:
            yield b" " * 600

    status, problem = await api.ask(
        "POST", "/runs/r1/finish", data=endless(), headers={"Content-Type": "application/json"}
    )
    assert (status, problem["type"]) == (413, "urn:runfs:problem:too-large")
    assert "1000 bytes" in problem["detail"]


async def test_lines_may_be_longer_than_other_bodies(api: Any) -> None:
    assert (await api.ask("POST", "/runs/r1/console", {"first_line": 0, "lines": ["x" * 2000]}))[0] == 200
    assert (await api.ask("POST", "/runs/r1/console", {"first_line": 1, "lines": ["x" * 5000]}))[0] == 413
    assert (await api.ask("PATCH", "/runs/r1", {"notes": "x" * 2000}))[0] == 413


async def test_media_types(api: Any) -> None:
    status, problem = await api.ask(
        "POST", "/runs/r1/finish", data=b"a=b", headers={"Content-Type": "text/plain"}
    )
    assert (status, problem["type"]) == (415, "urn:runfs:problem:media-type")
    answer = await api.ask(
        "POST", "/runs/r1/finish", data=b"{}", headers={"Content-Type": "application/json; charset=utf-8"}
    )
    assert answer[0] == 200


async def test_a_body_may_be_left_out_where_nothing_is_needed(api: Any) -> None:
    assert (await api.ask("POST", "/runs/r1/finish"))[0] == 200
    assert (await api.ask("POST", "/runs/r1/history"))[0] == 422


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=1001",
        "limit=x",
        "unknown=1",
        "limit=1&limit=2",
        "order=up",
        "state=gone",
        "cursor=x",
    ],
)
async def test_queries(api: Any, query: str) -> None:
    status, problem = await api.ask("GET", f"/runs?{query}")
    assert (status, problem["type"]) == (422, "urn:runfs:problem:invalid")
    assert query.split("=")[0] in problem["detail"]


async def test_a_query_where_none_is_taken(api: Any) -> None:
    assert (await api.ask("GET", "/projects/default/uncategorized?x=1"))[0] == 422


async def test_access(api: Any, make_key: Any) -> None:
    reader = api.with_key(await make_key("read"))
    assert (await reader.ask("GET", "/runs/r1"))[0] == 200
    status, problem = await reader.ask("POST", "/runs/r1/finish")
    assert (status, problem["type"]) == (403, "urn:runfs:problem:forbidden")
    answer = await api.with_key(None).raw("GET", "/runs/r1")
    assert (answer.status, answer.headers["WWW-Authenticate"]) == (401, 'Bearer realm="runfs"')
