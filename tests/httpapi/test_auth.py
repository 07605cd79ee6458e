"""Who is asking: keys, sign-ins, CSRF tokens, one-time links."""

import base64
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from httpapi import auth as module
from httpapi.auth import COOKIE, CSRF_HEADER, Auth, allows, derived, presented_key
from httpapi.problems import Problem
from store.catalog import Catalog, keys
from store.catalog.rows import Key


def key_row(access: str, project_id: int | None) -> Key:
    return Key(1, b"", "abcd", "k", access, project_id, 1, None)


def test_what_a_key_allows() -> None:
    assert allows(key_row("write", None), "read", 7)
    assert allows(key_row("write", None), "write", None)
    assert not allows(key_row("write", None), "admin", 7)
    assert allows(key_row("admin", 7), "admin", 7)
    assert not allows(key_row("admin", 7), "read", 8)
    assert not allows(key_row("admin", 7), "admin", None)


def basic(text: str) -> str:
    return "Basic " + base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("Bearer runfs_x", "runfs_x"),
        ("bearer  runfs_x ", "runfs_x"),
        (basic("api:runfs_x"), "runfs_x"),
        (basic("api:a:b"), "a:b"),
        (basic("root:runfs_x"), None),
        (basic("runfs_x"), None),
        (basic("api:"), None),
        ("Basic ü", None),
        ("Basic !!!", None),
        ("Bearer", None),
        ("Digest x", None),
        ("", None),
        ("Bearer " + "x" * 1000, None),
    ],
)
def test_authorization_headers(header: str, expected: str | None) -> None:
    assert presented_key(header) == expected


@pytest.fixture
async def auth(catalog: Catalog) -> Auth:
    return Auth(catalog, session_s=3600)


@pytest.fixture
async def key(catalog: Catalog) -> Any:
    """A key and its text."""
    return await catalog.write(lambda tx: keys.create(tx, "laptop", "write"))


def request(method: str = "GET", cookie: str | None = None, **headers: str) -> web.Request:
    given = {name.replace("_", "-"): text for name, text in headers.items()}
    if cookie is not None:
        given["Cookie"] = f"{COOKIE}={cookie}"
    return make_mocked_request(method, given.pop("path", "/"), headers=given)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
async def test_the_api_takes_no_form_for_a_token(auth: Auth, key: Any, method: str) -> None:
    cookie = await signed_in(auth, key[0])
    for content_type in ("application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
        for path, refused in (("/api/v1/runs/r1", True), ("/projects/a/b/runs/r1/files", False)):
            asked = request(method, cookie, path=path, Content_Type=content_type)
            if not refused:
                assert await auth.key_of(asked) == key[0]  # the page itself checks the form's field
                continue
            with pytest.raises(Problem, match=CSRF_HEADER):
                await auth.key_of(asked)


async def test_a_key_in_a_header(auth: Auth, key: Any) -> None:
    row, text = key
    assert await auth.key_of(request(Authorization=f"Bearer {text}")) == row
    assert await auth.key_of(request()) is None
    with pytest.raises(Problem) as caught:
        await auth.key_of(request(Authorization=f"Bearer {text[:-1]}"))
    assert (caught.value.status, caught.value.headers["WWW-Authenticate"]) == (401, 'Bearer realm="runfs"')


async def test_a_revoked_key_works_for_its_time_at_most(
    auth: Auth, catalog: Catalog, key: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    row, text = key
    now = 1000.0
    monkeypatch.setattr(module.time, "monotonic", lambda: now)
    assert await auth.by_text(text) == row
    await catalog.write(lambda tx: keys.revoke(tx, row.id))
    now += module.KEY_TTL_S - 0.01
    assert await auth.by_text(text) == row
    now += 0.02
    assert await auth.by_text(text) is None


async def test_a_key_revoked_here_works_no_more(auth: Auth, catalog: Catalog, key: Any) -> None:
    row, text = key
    assert await auth.by_text(text) == row
    await catalog.write(lambda tx: keys.revoke(tx, row.id))
    auth.forget()
    assert await auth.by_text(text) is None
    assert await auth.by_text("x" * 10_000) is None


async def signed_in(auth: Auth, row: Key) -> str:
    response = web.Response()
    auth.sign_in(request(), response, row)
    cookie = response.cookies[COOKIE]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Lax", "/")
    return cookie.value


async def test_a_sign_in_stands_for_its_key(auth: Auth, catalog: Catalog, key: Any) -> None:
    row, text = key
    cookie = await signed_in(auth, row)
    assert text not in cookie
    assert await auth.key_of(request(cookie=cookie)) == row
    # Another process over the same catalog believes it too; one over another catalog's secret does not.
    assert await Auth(catalog, 3600).key_of(request(cookie=cookie)) == row
    await catalog.write(lambda tx: keys.revoke(tx, row.id))
    assert await auth.key_of(request(cookie=cookie)) is None


async def test_a_sign_in_ends(auth: Auth, key: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    cookie = await signed_in(auth, key[0])
    end = int(cookie.split(".")[1])
    monkeypatch.setattr(module.time, "time", lambda: end - 0.5)
    assert await auth.key_of(request(cookie=cookie)) is not None
    monkeypatch.setattr(module.time, "time", lambda: float(end))
    assert await auth.key_of(request(cookie=cookie)) is None


async def test_no_sign_in_can_be_made_up(auth: Auth, catalog: Catalog, key: Any) -> None:
    row, _ = key
    other, _ = await catalog.write(lambda tx: keys.create(tx, "other", "admin"))
    cookie = await signed_in(auth, row)
    number, end, mac = cookie.split(".")
    for forged in (
        f"{other.id}.{end}.{mac}",
        f"{number}.{int(end) + 1}.{mac}",
        f"{number}.{end}.{mac[:-1]}{'A' if mac[-1] != 'A' else 'B'}",
        f"{number}.{end}.",
        f"{number}.{end}",
        "",
        "..",
        "٣.٣.x",
        f"{2**80}.{end}.{mac}",
        "x" * 5000,
    ):
        assert await auth.key_of(request(cookie=forged)) is None, forged


async def test_a_sign_in_changes_things_only_with_its_token(auth: Auth, catalog: Catalog, key: Any) -> None:
    row, text = key
    cookie = await signed_in(auth, row)
    token = auth.csrf(request(cookie=cookie))
    assert await auth.key_of(request("POST", cookie, **{CSRF_HEADER: token})) == row
    other, _ = await catalog.write(lambda tx: keys.create(tx, "other"))
    stolen = auth.csrf(request(cookie=await signed_in(auth, other)))
    for wrong in (token[:-1], "", stolen, "ü"):
        with pytest.raises(Problem) as caught:
            await auth.key_of(request("POST", cookie, **{CSRF_HEADER: wrong}))
        assert caught.value.status == 403
    with pytest.raises(Problem):
        await auth.key_of(request("DELETE", cookie))
    # A key in a header is no ambient right: no other site's page can send it.
    assert await auth.key_of(request("POST", cookie, Authorization=f"Bearer {text}")) == row
    # A form has the token as a field, checked by the page that reads it.
    form = request("POST", cookie, Content_Type="application/x-www-form-urlencoded")
    assert await auth.key_of(form) == row
    auth.check_csrf(form, token)
    with pytest.raises(Problem):
        auth.check_csrf(form, "\udcff")
    with pytest.raises(Problem):
        auth.check_csrf(request("POST"), "")


async def test_a_link_signs_in_once(
    auth: Auth, catalog: Catalog, key: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    row, _ = key
    now = 1000.0
    monkeypatch.setattr(module.time, "monotonic", lambda: now)
    token = auth.new_link(row)
    assert await auth.redeem(token[:-1]) is None
    assert await auth.redeem(token) == row
    assert await auth.redeem(token) is None
    late, revoked = auth.new_link(row), auth.new_link(row)
    now += module.LINK_TTL_S
    assert await auth.redeem(late) is None
    now -= 1
    await catalog.write(lambda tx: keys.revoke(tx, row.id))
    assert await auth.redeem(revoked) is None


async def test_links_are_bounded(auth: Auth, key: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LINKS_MAX", 2)
    auth.new_link(key[0])
    auth.new_link(key[0])
    with pytest.raises(Problem) as caught:
        auth.new_link(key[0])
    assert caught.value.status == 503


def test_secrets_are_apart() -> None:
    assert derived(b"s", "session") != derived(b"s", "csrf")
    assert derived(b"s", "session") != derived(b"t", "session")
    assert len(derived(b"s", "session")) == 32
