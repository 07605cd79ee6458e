"""A browser's view of an application: signed in by its cookie, pages as text, forms with their token."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import pytest

PROJECT = "/projects/team/vision"
TOKEN = re.compile(r'<meta name="csrf" content="([^"]*)">')


@dataclass
class Site:
    """Pages, as a browser that is signed in asks for them."""

    api: Any
    cookies: dict[str, str]

    async def answer(self, method: str, path: str, **options: Any) -> Any:
        """The answer itself; redirects are not followed."""
        return await self.api.client.request(
            method, path, cookies=self.cookies, allow_redirects=False, **options
        )

    async def get(self, path: str, status: int = 200, **headers: str) -> str:
        """A page's HTML."""
        async with await self.answer("GET", path, headers=headers) as response:
            text: str = await response.text()
            assert response.status == status, text
            return text

    async def part(self, path: str) -> str:
        """What the script would get."""
        return await self.get(path, **{"HX-Request": "true"})

    async def token(self) -> str:
        """This sign-in's CSRF token."""
        found = TOKEN.search(await self.get("/"))
        assert found is not None
        return found[1]

    async def post(self, path: str, fields: list[tuple[str, str]] | dict[str, str], status: int = 303) -> str:
        """Send a form; where the answer leads, or its text."""
        pairs = list(fields.items()) if isinstance(fields, dict) else fields
        data = [*pairs, ("csrf", await self.token())]
        async with await self.answer("POST", path, data=data) as response:
            assert response.status == status, await response.text()
            return str(response.headers.get("Location") or await response.text())


async def signed_in(api: Any, key: str) -> Site:
    """A browser that typed this key."""
    async with await api.client.post("/sign-in", data={"key": key}, allow_redirects=False) as response:
        assert response.status == 303
        cookie = response.cookies["runfs_session"].value
    api.client.session.cookie_jar.clear()
    return Site(api, {"runfs_session": cookie})


@pytest.fixture
async def site(api: Any) -> Site:
    """A browser that is signed in with an admin key."""
    return await signed_in(api, api.key)


@pytest.fixture
async def reader(api: Any, make_key: Any) -> Site:
    """A browser whose key may read team/vision, and nothing else."""
    return await signed_in(api, await make_key("read", "team/vision"))


@pytest.fixture
async def run(api: Any) -> str:
    """The id of a run in team/vision."""
    made = await api.good(
        "POST",
        "/runs",
        {"project": "team/vision", "id": "r1", "display_name": "calm <river>", "config": {"lr": 0.1}},
    )
    return str(made["id"])
