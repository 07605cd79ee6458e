"""What every page has around it."""

from typing import Any

import pytest
from aiohttp.test_utils import make_mocked_request

from httpapi.page import shell


@pytest.mark.parametrize(
    ("query", "expected"),
    [("", 7), ("?n=3", 3), ("?n=0", 1), ("?n=99", 50), ("?n=-1", 7), ("?n=x", 7), ("?n=²", 7)],
)
def test_number(query: str, expected: int) -> None:
    assert shell.number(make_mocked_request("GET", f"/{query}"), "n", 7, 50) == expected


def test_link_changes_the_query() -> None:
    request = make_mocked_request("GET", "/a%20b?x=1&y=%3C&with=a&with=b")
    assert shell.link(request, x=2) == "/a%20b?y=%3C&with=a&with=b&x=2"
    assert shell.link(request, x=None, y=None, **{"with": None}) == "/a%20b"


def test_address_quotes() -> None:
    assert shell.address("runs", "a b?#%", "x/y") == "/runs/a%20b%3F%23%25/x/y"


@pytest.mark.parametrize(
    ("cookie", "theme"), [("dark", "dark"), ("light", "light"), ("x", ""), ('"><b>', "")]
)
def test_theme(cookie: str, theme: str) -> None:
    request = make_mocked_request("GET", "/", headers={"Cookie": f"runfs_theme={cookie}"})
    assert shell.theme(request) == theme


async def test_pages_carry_the_policy(site: Any) -> None:
    async with await site.answer("GET", "/") as response:
        policy = response.headers["Content-Security-Policy"]
        assert response.headers["Referrer-Policy"] == "same-origin"
        text = await response.text()
    assert "script-src 'self'" in policy
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert "<script>" not in text
    assert "style=" not in text
    assert " onclick" not in text


async def test_nobody_is_led_to_the_sign_in(api: Any) -> None:
    async with await api.client.get("/?a=b", allow_redirects=False) as response:
        assert response.status == 303
        assert response.headers["Location"] == "/sign-in?next=/?a%3Db"
    async with await api.client.get("/", headers={"HX-Request": "true"}) as response:
        assert response.status == 401


async def test_forms_need_their_token(site: Any, run: str) -> None:
    where = f"/projects/team/vision/runs/{run}/files"
    for data in ({}, {"csrf": ""}, {"csrf": "wrong"}, {"csrf": "ü"}):
        async with await site.answer("POST", where, data=data) as response:
            assert response.status == 403
    async with await site.answer("POST", where, json={"csrf": await site.token()}) as response:
        assert response.status in (403, 415)
    async with await site.answer("POST", where, data={"csrf": "x" * (1 << 21)}) as response:
        assert response.status == 413
