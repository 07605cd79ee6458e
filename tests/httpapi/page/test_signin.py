"""Signing in and out."""

from typing import Any

import pytest

from httpapi.page.signin import own_address


@pytest.mark.parametrize(
    ("text", "goal"),
    [
        ("/projects/a/b?x=1", "/projects/a/b?x=1"),
        ("", "/"),
        ("//evil", "/"),
        ("/\\evil", "/"),
        ("https://evil", "/"),
        ("javascript:alert(1)", "/"),
        ("/a\r\nSet-Cookie: x", "/"),
    ],
)
def test_own_address(text: str, goal: str) -> None:
    assert own_address(text) == goal


async def test_with_a_key(api: Any) -> None:
    form = {"key": f" {api.key}\n", "next": "/projects/team/vision"}
    async with await api.client.post("/sign-in", data=form, allow_redirects=False) as response:
        assert response.status == 303
        assert response.headers["Location"] == "/projects/team/vision"
        cookie = response.cookies["runfs_session"]
    assert cookie["httponly"]
    assert cookie["samesite"] in ("Lax", "Strict")
    assert api.key not in cookie.value


async def test_with_a_wrong_key(api: Any) -> None:
    async with await api.client.post("/sign-in", data={"key": "runfs_wrong<b>"}) as response:
        assert response.status == 401
        assert "unknown or revoked" in await response.text()
        assert "runfs_session" not in response.cookies


async def test_with_a_link_once(api: Any) -> None:
    link = await api.good("POST", "/sign-in-links")
    async with await api.client.get(link["path"], allow_redirects=False) as response:
        assert response.status == 303
        assert response.cookies["runfs_session"].value
    api.client.session.cookie_jar.clear()
    async with await api.client.get(link["path"], allow_redirects=False) as response:
        assert response.status == 401
        assert "used already" in await response.text()


async def test_out(site: Any) -> None:
    async with await site.answer("POST", "/sign-out", data={"csrf": await site.token()}) as response:
        assert response.status == 303
        assert response.cookies["runfs_session"].value == ""
