"""API keys over HTTP."""

from typing import Any

from httpapi.state import STATE


async def test_a_key_is_made_used_and_revoked(api: Any) -> None:
    await api.good("POST", "/runs", {"project": "team/a", "id": "r1"})
    status, made = await api.ask("POST", "/keys", {"name": "ci", "access": "read", "project": "team/a"})
    assert status == 201
    details = made["details"]
    assert (details["access"], details["project"], details["hint"]) == ("read", "team/a", made["key"][-4:])
    other = api.with_key(made["key"])
    assert (await other.good("GET", "/runs/r1"))["id"] == "r1"
    listed = await api.good("GET", "/keys")
    assert [key["name"] for key in listed["items"]] == ["admin", "ci"]
    assert made["key"] not in str(listed)
    assert await api.ask("DELETE", f"/keys/{details['id']}") == (204, None)
    assert (await other.ask("GET", "/runs/r1"))[0] == 401
    assert (await api.good("GET", "/keys"))["total_count"] == 1
    assert (await api.ask("DELETE", "/keys/99"))[0] == 404


async def test_an_admin_of_one_project(api: Any, make_key: Any) -> None:
    own = api.with_key(await make_key("admin", "team/a"))
    await make_key("read", "team/b")
    assert [key["project"] for key in (await own.good("GET", "/keys"))["items"]] == ["team/a"]
    made = await own.good("POST", "/keys", {"name": "x", "access": "admin"})
    assert made["details"]["project"] == "team/a"
    assert (await own.ask("POST", "/keys", {"name": "x", "project": "team/b"}))[0] == 404
    for hidden in (1, 3):  # the admin of all, and team/b's
        assert (await own.ask("DELETE", f"/keys/{hidden}"))[0] == 404
    assert (await own.ask("DELETE", f"/keys/{made['details']['id']}"))[0] == 204


async def test_only_admins(api: Any, make_key: Any) -> None:
    writer = api.with_key(await make_key("write"))
    for method, path, body in (
        ("GET", "/keys", None),
        ("POST", "/keys", {"name": "x"}),
        ("DELETE", "/keys/1", None),
    ):
        assert (await writer.ask(method, path, body))[0] == 403


async def test_pages_of_keys(api: Any) -> None:
    for number in range(4):
        await api.good("POST", "/keys", {"name": f"k{number}"})
    first = await api.good("GET", "/keys", params={"limit": 3})
    rest = await api.good("GET", "/keys", params={"limit": 3, "cursor": first["next_cursor"]})
    assert [key["name"] for key in first["items"] + rest["items"]] == ["admin", "k0", "k1", "k2", "k3"]
    assert rest["next_cursor"] is None


async def test_a_sign_in_link(api: Any, make_key: Any) -> None:
    text = await make_key("read")
    status, link = await api.with_key(text).ask("POST", "/sign-in-links")
    assert (status, link["expires_in"]) == (201, 60)
    path, _, token = link["path"].partition("?token=")
    assert path == "/sign-in"
    auth = api.client.app[STATE].auth
    assert (await auth.redeem(token)).hint == text[-4:]
