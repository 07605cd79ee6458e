"""What every request meets, whatever its route."""

import asyncio
import logging
from typing import Any

import pytest
from aiohttp import ClientError, web

from httpapi.door import ERROR_PAGE
from httpapi.problems import Problem
from httpapi.settings import Settings


@pytest.fixture
def settings() -> Settings:
    return Settings(hosts=frozenset({"runs.example"}))


async def test_safe_headers_are_on_every_answer(api: Any) -> None:
    for path in ("/projects", "/nothing", "/healthz"):
        answer = await api.raw("GET", path)
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["Server"] == "runfs"
        assert "Access-Control-Allow-Origin" not in answer.headers


async def test_hosts(api: Any) -> None:
    for host, status in (("runs.example:1", 200), ("127.0.0.1:1", 200), ("evil.example", 421), ("a b", 400)):
        answer = await api.raw("GET", "/projects", headers={"Host": host})
        assert answer.status == status, host
        assert answer.content_type == ("application/json" if status == 200 else "application/problem+json")


@pytest.mark.parametrize(
    ("name", "value", "status"),
    [
        ("If-Match", '"another"', 412),
        ("If-None-Match", "*", 412),
        ("If-Unmodified-Since", "Mon, 01 Jan 1990 00:00:00 GMT", 412),
        ("Content-Range", "bytes 0-0/7", 400),
    ],
)
async def test_no_change_is_made_in_spite_of_its_condition(
    api: Any, name: str, value: str, status: int
) -> None:
    await api.good("POST", "/runs", {"id": "r1"})
    made = await api.good("PUT", "/runs/r1/files?path=a", data=b"content")
    for method, path in (
        ("PUT", "/runs/r1/files?path=a"),
        ("DELETE", f"/runs/files/{made['id']}"),
        ("DELETE", "/runs/r1"),
    ):
        answer = await api.raw(method, path, headers={name: value})
        assert answer.status == status
        assert name in (await answer.json())["detail"]
    assert await api.good("GET", f"/runs/files/{made['id']}") == made


async def test_probes_may_use_any_name(api: Any) -> None:
    assert (await api.with_key(None).raw("GET", "/healthz", headers={"Host": "pod-7"})).status == 200


async def test_other_sites_change_nothing(api: Any) -> None:
    status, problem = await api.ask("POST", "/runs", {}, headers={"Origin": "http://evil.example"})
    assert (status, problem["type"]) == (403, "urn:runfs:problem:forbidden")
    assert (await api.ask("GET", "/projects", headers={"Origin": "http://evil.example"}))[0] == 200
    assert (await api.ask("OPTIONS", "/runs", headers={"Origin": "http://evil.example"}))[0] == 405


async def test_a_wrong_key_is_refused_even_where_none_is_needed(api: Any) -> None:
    answer = await api.with_key("wrong").raw("GET", "/projects")
    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert "wrong" not in await answer.text()


async def test_compressed_bodies_are_refused(api: Any) -> None:
    status, problem = await api.ask("POST", "/runs", {}, headers={"Content-Encoding": "gzip"})
    assert (status, problem["type"]) == (415, "urn:runfs:problem:media-type")


async def test_unknown_addresses_and_methods(api: Any) -> None:
    status, problem = await api.ask("GET", "/nothing")
    assert (status, problem["type"]) == (404, "urn:runfs:problem:not-found")
    answer = await api.raw("PUT", "/projects")
    assert (answer.status, answer.headers["Allow"]) == (405, "GET, HEAD, POST")


async def test_a_bug_is_logged_and_not_told(
    api: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("store.catalog.run_listing.projects", None)
    status, problem = await api.ask("GET", "/projects")
    assert (status, problem["type"]) == (500, "urn:runfs:problem:internal")
    assert "NoneType" not in problem["detail"]
    assert "TypeError" in caplog.text


async def test_half_an_answer_is_broken_off(
    application: Any, serve: Any, caplog: pytest.LogCaptureFixture
) -> None:
    async def route(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        response.content_length = 100
        await response.prepare(request)
        await response.write(b"half")
        raise RuntimeError("the store went away")

    application.router.add_get("/half", route)
    client = await serve(application)
    with pytest.raises(ClientError):
        await (await client.get("/half")).read()
    assert [each.getMessage() for each in caplog.records] == ["GET /half failed"]


async def test_a_client_that_goes_away_is_no_bug(
    application: Any, serve: Any, caplog: pytest.LogCaptureFixture
) -> None:
    gone = asyncio.Event()

    async def route(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        try:
            while True:
                await response.write(b"x" * 65536)
        finally:
            gone.set()

    application.router.add_get("/endless", route)
    client = await serve(application)
    answer = await client.get("/endless")
    answer.close()
    await gone.wait()
    await client.get("/healthz")
    assert caplog.records == []


async def test_pages_show_refusals_their_way(application: Any, serve: Any) -> None:
    def show(request: web.Request, problem: Problem) -> web.StreamResponse:
        return web.Response(status=problem.status, text=f"<h1>{problem.title}</h1>", content_type="text/html")

    async def away(request: web.Request) -> web.StreamResponse:
        raise web.HTTPSeeOther("/elsewhere")

    application[ERROR_PAGE] = show
    application.router.add_get("/away", away)
    client = await serve(application)
    answer = await client.get("/nothing")
    assert (answer.status, answer.content_type) == (404, "text/html")
    answer = await client.get("/api/v1/nothing")
    assert (answer.status, answer.content_type) == (404, "application/problem+json")
    answer = await client.get("/metrics")  # asked by programs, though not below /api
    assert (answer.status, answer.content_type) == (401, "application/problem+json")
    answer = await client.get("/away", allow_redirects=False)
    assert (answer.status, answer.headers["Location"]) == (303, "/elsewhere")


async def test_refusals_are_audited(api: Any, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="audit"):
        await api.with_key("runfs_wrong").ask("GET", "/projects?token=secret")
        await api.ask("GET", "/nothing")
    (record,) = [each for each in caplog.records if each.name == "audit"]
    assert (record.message, record.status, record.path) == ("refused", 401, "/api/v1/projects")  # type: ignore[attr-defined]
    assert "runfs_wrong" not in str(record.__dict__)
    assert "secret" not in str(record.__dict__)


async def test_requests_are_counted(api: Any) -> None:
    await api.good("GET", "/projects")
    await api.ask("GET", "/runs/a-name-of-a-run")
    text = await (await api.raw("GET", "/metrics")).text()
    assert 'runfs_http_requests_total{method="GET",route="/api/v1/projects",status="200"} 1.0' in text
    assert 'route="/api/v1/runs/{run_id}",status="404"} 1.0' in text
    assert "a-name-of-a-run" not in text
