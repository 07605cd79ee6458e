"""The addresses: each needs a sign-in, none loads anything from elsewhere."""

import re
from typing import Any

from httpapi.page import assets
from httpapi.page.pages import ROUTES

OPEN = {"/sign-in"}
VALUES = {"entity": "team", "project": "vision", "run": "r1", "sweep": "s", "collection": "c", "path": "x"}


def example(path: str) -> str:
    """The route's pattern with something for each of its parts."""
    return re.sub(r"{(\w+)(:(?:[^{}]|{[^{}]*})*)?}", lambda match: VALUES.get(match[1], "1"), path)


async def test_nobody_gets_in(api: Any, run: str) -> None:
    for method, path, _ in ROUTES:
        if path in OPEN:
            continue
        async with await api.client.request(method, example(path), allow_redirects=False) as response:
            assert response.status == (303 if method == "GET" else 401), path
            assert "river" not in await response.text()


async def test_assets(api: Any) -> None:
    for name in ("app.css", "app.js", "charts.js", "upload.js", "icon.svg"):
        async with await api.client.get(assets.url(name)) as response:
            assert response.status == 200
            assert await response.read() == assets.asset(name).body
            assert "immutable" in response.headers["Cache-Control"]
            assert response.headers["X-Content-Type-Options"] == "nosniff"
    for name in ("..%2fapp.css", "tokens.css", "pages.py"):
        async with await api.client.get(f"/assets/x/{name}") as response:
            assert response.status == 404


async def test_nothing_comes_from_elsewhere(site: Any, run: str) -> None:
    base = "/projects/team/vision"
    for path in (
        "/",
        f"{base}/runs",
        f"{base}/runs/r1",
        f"{base}/runs/r1/files",
        f"{base}/sweeps",
        f"{base}/artifacts",
    ):
        text = await site.get(path)
        assert not re.search(r'(?:src|href|action)="(?:https?:)?//', text)
        assert not re.search(r"<[^>]+\s(?:on\w+|style)=", text)


async def test_a_project_leads_to_its_runs(site: Any, run: str) -> None:
    async with await site.answer("GET", "/projects/team/vision") as response:
        assert response.headers["Location"] == "/projects/team/vision/runs"
