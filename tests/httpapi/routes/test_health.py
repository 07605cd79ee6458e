"""Whether the server lives, serves, and counts."""

from typing import Any

import pytest

from httpapi.routes import health
from httpapi.settings import Settings
from store.blobs import LocalBlobs
from store.errors import Unavailable

trouble: list[Exception] = []


@pytest.fixture
def settings() -> Settings:
    async def ready() -> None:
        if trouble:
            raise trouble.pop()

    return Settings(ready=ready)


async def test_probes_need_no_key(api: Any) -> None:
    stranger = api.with_key(None)
    assert await stranger.ask("GET", "/healthz") == (200, {"status": "ok"})
    assert await stranger.ask("GET", "/readyz") == (200, {"status": "ok"})


async def test_not_ready_says_why(api: Any) -> None:
    trouble.append(OSError("NFS does not answer"))
    answer = await api.raw("GET", "/readyz")
    assert (answer.status, answer.headers["Retry-After"]) == (503, "1")
    assert (await answer.json(content_type=None))["detail"] == "Not ready: NFS does not answer."
    assert (await api.ask("GET", "/readyz"))[0] == 200


async def test_blobs_that_do_not_answer(api: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    async def check(blobs: LocalBlobs) -> None:
        raise Unavailable("S3 does not answer")

    monkeypatch.setattr(LocalBlobs, "check", check)
    status, problem = await api.ask("GET", "/readyz")
    assert (status, problem["detail"]) == (503, "Not ready: S3 does not answer.")


async def test_an_endless_check_is_given_up(api: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "READY_TIMEOUT_S", 0.0)
    status, problem = await api.ask("GET", "/readyz")
    assert (status, problem["detail"]) == (503, "Not ready: TimeoutError.")


async def test_metrics_and_document_need_a_key(api: Any) -> None:
    for path in ("/metrics", "/openapi.json"):
        assert (await api.with_key(None).raw("GET", path)).status == 401
        assert (await api.raw("GET", path)).status == 200
    answer = await api.raw("GET", "/metrics")
    assert answer.headers["Content-Type"].startswith("text/plain; version=")


def test_a_version_is_known() -> None:
    assert health.own_version()
