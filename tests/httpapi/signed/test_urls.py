"""The signed URLs that are handed out."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from aiohttp.test_utils import make_mocked_request

from httpapi.problems import Problem
from httpapi.settings import Settings
from httpapi.signed import urls
from store.catalog.rows import Upload, Version

UPLOAD = Upload(
    "u" * 32, 1, None, "a", "t", 5, b"s", None, "open", "k", None, None, None, None, None, None, 1, 2
)
VERSION = Version(7, 1, 1, 1, 5, None, None, "t", 1, 1, None)


@pytest.fixture
def settings() -> Settings:
    return Settings(link_s=100)


@pytest.fixture
def request_(application: Any) -> Any:
    return make_mocked_request("GET", "/", headers={"Host": "runs.example:8080"}, app=application)


def checked(request: Any, url: str, method: str, subject: str) -> None:
    query = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    urls.check(request, method, subject, query["expires"], query["signature"])


def test_what_is_handed_out_is_good(request_: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(urls.time, "time", lambda: 1_000_000.0)
    put, part, get = (
        urls.upload_url(request_, UPLOAD),
        urls.upload_url(request_, UPLOAD, 3),
        urls.download_url(request_, VERSION),
    )
    assert put.startswith(
        f"http://runs.example:8080/api/v1/signed/uploads/{UPLOAD.id}?expires=1000100&signature="
    )
    assert "?part=3&" in part
    checked(request_, put, "PUT", urls.upload_subject(UPLOAD, None))
    checked(request_, part, "PUT", urls.upload_subject(UPLOAD, 3))
    checked(request_, part, "PUT", urls.upload_subject(UPLOAD._replace(sha256=b"told"), 3))
    checked(request_, get, "GET", urls.version_subject(7))
    for url, method, subject in (
        (put, "PUT", urls.upload_subject(UPLOAD, 3)),
        (put, "GET", urls.upload_subject(UPLOAD, None)),
        (put, "PUT", urls.upload_subject(UPLOAD._replace(size=6), None)),
        (put, "PUT", urls.upload_subject(UPLOAD._replace(sha256=b"t"), None)),
        (part, "PUT", urls.upload_subject(UPLOAD, 4)),
        (part, "PUT", urls.upload_subject(UPLOAD._replace(size=6), 3)),
        (get, "GET", urls.version_subject(8)),
    ):
        with pytest.raises(Problem):
            checked(request_, url, method, subject)
    monkeypatch.setattr(urls.time, "time", lambda: 1_000_100.0)
    with pytest.raises(Problem) as caught:
        checked(request_, put, "PUT", urls.upload_subject(UPLOAD, None))
    assert caught.value.status == 403


def test_behind_a_proxy(catalog: Any, blobs: Any, uploads: Any) -> None:
    from httpapi import app

    application = app.build(catalog, blobs, uploads, Settings(public_url="https://runs.example"))
    request = make_mocked_request("GET", "/", headers={"Host": "10.0.0.7"}, app=application)
    assert urls.download_url(request, VERSION).startswith("https://runs.example/api/v1/signed/versions/7?")
