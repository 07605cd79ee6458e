"""What signed URLs lead to."""

from typing import Any
from urllib.parse import urlsplit

import pytest


@pytest.fixture
async def upload(api: Any) -> Any:
    await api.good("POST", "/runs", {"id": "r1"})
    return await api.good("POST", "/runs/r1/files/upload-url", {"path": "a", "size": 5})


async def test_sent_again_before_registration_is_fine(api: Any, upload: Any) -> None:
    parts = urlsplit(upload["upload_url"])
    url = f"{parts.path}?{parts.query}"
    for _ in range(2):
        assert (await api.with_key(None).ask("PUT", url, data=b"hello"))[0] == 200
    assert (await api.with_key(None).ask("PUT", url, data=b"HELLO"))[0] == 409
    file = await api.good("POST", "/runs/r1/files", {"upload_id": upload["upload_id"]})
    assert await (await api.raw("GET", f"/runs/files/{file['id']}/content")).read() == b"hello"


async def test_no_other_method_and_no_key_instead(api: Any, upload: Any) -> None:
    path = urlsplit(upload["upload_url"]).path
    assert (await api.ask("GET", path))[0] == 405
    assert (await api.ask("PUT", path, data=b"hello"))[0] == 422
    assert (await api.ask("PUT", f"{path}?expires=9999999999&signature={'0' * 64}", data=b"hello"))[0] == 403


async def test_other_sites_pages_cannot_put(api: Any, upload: Any) -> None:
    parts = urlsplit(upload["upload_url"])
    url = f"{parts.path}?{parts.query}"
    status, _ = await api.with_key(None).ask(
        "PUT", url, data=b"hello", headers={"Origin": "http://evil.example"}
    )
    assert status == 403


async def test_received_bytes_are_counted(api: Any, upload: Any) -> None:
    parts = urlsplit(upload["upload_url"])
    await api.with_key(None).ask("PUT", f"{parts.path}?{parts.query}", data=b"hello")
    text = await (await api.raw("GET", "/metrics")).text()
    assert "runfs_http_received_bytes_total 5.0" in text


async def test_a_url_dies_with_the_key_that_asked_for_it(api: Any, make_key: Any) -> None:
    await api.good("POST", "/runs", {"id": "r1"})
    other = api.with_key(await make_key("write"))
    asked = await other.good("POST", "/runs/r1/files/upload-url", {"path": "a", "size": 5})
    parts = urlsplit(asked["upload_url"])
    url = f"{parts.path}?{parts.query}"
    [key] = [key for key in (await api.good("GET", "/keys"))["items"] if key["name"] == "write"]
    assert (await api.with_key(None).ask("PUT", url, data=b"hello"))[0] == 200
    await api.ask("DELETE", f"/keys/{key['id']}")
    status, problem = await api.with_key(None).ask("PUT", url, data=b"hello")
    assert (status, problem["detail"]) == (403, "The key that asked for this upload was revoked.")
    assert (await other.ask("POST", "/runs/r1/files", {"upload_id": asked["upload_id"]}))[0] == 401
