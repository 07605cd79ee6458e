"""An application over an open store, keys for it, and a client that speaks to it over a real socket."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from httpapi import app
from httpapi.intake import OCTETS
from httpapi.settings import Settings
from store.blobs import Blobs, open_blobs
from store.catalog import Catalog, keys, projects
from store.uploads import Uploads


@dataclass
class Api:
    """Requests to one application with one key."""

    client: TestClient[Any, Any]
    key: str | None
    catalog: Catalog
    headers: dict[str, str] = field(default_factory=dict)

    async def ask(self, method: str, path: str, json: Any = None, **options: Any) -> tuple[int, Any]:
        """The status and the JSON (None: no content) of an answer.

        `path` is below /api/v1 unless it is whole.
        """
        async with await self.raw(method, path, json=json, **options) as response:
            return response.status, await response.json(
                content_type=None
            ) if response.content_length else None

    async def raw(self, method: str, path: str, **options: Any) -> Any:
        """The answer itself."""
        headers = {**self.headers, **options.pop("headers", {})}
        if self.key is not None:
            headers.setdefault("Authorization", f"Bearer {self.key}")
        if options.get("json") is None:
            options.pop("json", None)
        where = path if path.startswith(("/api/", "/healthz", "/readyz", "/metrics")) else f"/api/v1{path}"
        return await self.client.request(method, where, headers=headers, **options)

    async def good(self, method: str, path: str, json: Any = None, **options: Any) -> Any:
        """The JSON of an answer that must not be a refusal."""
        status, document = await self.ask(method, path, json, **options)
        assert status < 300, document
        return document

    async def save(self, run: str, path: str, data: bytes, **query: Any) -> Any:
        """The document of a file that is put into a run in one request."""
        async with await self.raw(
            "PUT", f"/runs/{run}/files", params={"path": path, **query}, data=data
        ) as response:
            document = await response.json(content_type=None)
            assert response.status in (200, 201), document
            return document

    def with_key(self, key: str | None) -> Api:
        """The same with another key, or with none."""
        return Api(self.client, key, self.catalog)


@pytest.fixture
async def catalog(tmp_path: Path) -> AsyncIterator[Catalog]:
    """An empty catalog."""
    opened = await Catalog.open(tmp_path / "catalog.sqlite3", poll_s=None)
    yield opened
    await opened.close()


@pytest.fixture
def settings() -> Settings:
    """Settings that a test may replace with its own."""
    return Settings()


@pytest.fixture
async def blobs(tmp_path: Path) -> AsyncIterator[Blobs]:
    """An empty store of blobs in a folder."""
    opened = open_blobs(f"file://{tmp_path}/blobs")
    yield opened
    await opened.close()


@pytest.fixture
async def uploads(catalog: Catalog, blobs: Blobs) -> Uploads:
    """The life of files over both."""
    return Uploads(catalog, blobs)


@pytest.fixture
async def application(
    catalog: Catalog, blobs: Blobs, uploads: Uploads, settings: Settings
) -> AsyncIterator[Any]:
    """An application that nobody serves yet. None of its answers may be another than its document has."""
    built = app.build(catalog, blobs, uploads, settings)
    described = {(each.method, each.full_path): each.answers for each in app.all_operations()}
    undescribed: list[Any] = []

    async def compare(request: web.Request, response: web.StreamResponse) -> None:
        resource = request.match_info.route.resource
        method = "GET" if request.method == "HEAD" else request.method
        answers = described.get((method, "" if resource is None else resource.canonical))
        if answers is None:
            return  # a page's address, or nobody's
        expected: Any = (
            "application/problem+json" if response.status >= 400 else answers.get(response.status, "")
        )
        kind = expected if isinstance(expected, str | None) else "application/json"
        found = response.content_type if "Content-Type" in response.headers else None
        is_content = kind == OCTETS  # of the type that the file has
        if found != kind and not (is_content and found):
            undescribed.append((method, resource, response.status, found))

    built.on_response_prepare.append(compare)
    yield built
    assert undescribed == []


@pytest.fixture
async def api(catalog: Catalog, application: Any) -> AsyncIterator[Api]:
    """A client with an admin key for all projects."""
    async with TestClient(TestServer(application)) as client:
        _, text = await catalog.write(lambda tx: keys.create(tx, "admin", "admin"))
        yield Api(client, text, catalog)


MakeKey = Callable[..., Awaitable[str]]


@pytest.fixture
def make_key(catalog: Catalog) -> MakeKey:
    """Make a key with some access, for one ENTITY/PROJECT or for all; its text."""

    async def make(access: str = "write", project: str | None = None) -> str:
        async def work(tx: Any) -> str:
            project_id = None if project is None else (await projects.ensure(tx, *project.split("/"))).id
            return (await keys.create(tx, access, access, project_id))[1]

        return await catalog.write(work)

    return make


@pytest.fixture
async def serve() -> AsyncIterator[Callable[..., Awaitable[TestClient[Any, Any]]]]:
    """Serve an application of the test's own; the client to it."""
    clients = []

    async def started(application: Any) -> TestClient[Any, Any]:
        client = TestClient(TestServer(application))
        await client.start_server()
        clients.append(client)
        return client

    yield started
    for client in clients:
        await client.close()
