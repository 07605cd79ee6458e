"""Projects over HTTP."""

from typing import Any

from yarl import URL


async def test_a_project_is_made_listed_and_described(api: Any) -> None:
    status, made = await api.ask("POST", "/projects", {"project": "team/a", "description": "first"})
    assert (status, made["path"], made["description"]) == (201, "team/a", "first")
    assert (made["is_default"], made["runs"]) == (True, 0)
    assert (await api.ask("POST", "/projects", {"project": "team/a"}))[0] == 409
    await api.good("POST", "/projects", {"project": "team/b"})
    await api.good("POST", "/runs", {"project": "team/b"})
    page = await api.good("GET", "/projects")
    assert [(each["path"], each["runs"], each["is_default"]) for each in page["items"]] == [
        ("team/a", 0, True),
        ("team/b", 1, False),
    ]
    changed = await api.good("PATCH", "/projects/team/b", {"description": "d", "is_default": True})
    assert (changed["description"], changed["is_default"]) == ("d", True)
    assert (await api.good("GET", "/projects/team/a"))["is_default"] is False
    assert (await api.ask("PATCH", "/projects/team/b", {"is_default": False}))[0] == 422
    assert (await api.ask("GET", "/projects/team/c"))[0] == 404


async def test_pages(api: Any) -> None:
    for number in range(5):
        await api.good("POST", "/projects", {"project": f"team/p{number}"})
    names, cursor = [], None
    while True:
        page = await api.good(
            "GET", "/projects", params={"limit": 2} | ({"cursor": cursor} if cursor else {})
        )
        assert page["total_count"] == 5
        names += [each["name"] for each in page["items"]]
        if (cursor := page["next_cursor"]) is None:
            break
    assert names == [f"p{number}" for number in range(5)]


async def test_a_key_for_one_project_knows_no_other(api: Any, make_key: Any) -> None:
    await api.good("POST", "/projects", {"project": "team/a"})
    own = api.with_key(await make_key("admin", "team/b"))
    page = await own.good("GET", "/projects")
    assert ([each["path"] for each in page["items"]], page["total_count"]) == (["team/b"], 1)
    assert (await own.ask("POST", "/projects", {"project": "team/c"}))[0] == 403
    assert (await own.ask("PATCH", "/projects/team/a", {"description": "x"}))[0] == 404
    assert (await own.ask("PATCH", "/projects/team/b", {"is_default": True}))[0] == 403
    assert (await own.good("PATCH", "/projects/team/b", {"description": "x"}))["description"] == "x"


async def test_a_project_is_deleted_with_all_that_is_in_it(api: Any, make_key: Any) -> None:
    own = api.with_key(await make_key("admin", "team/a"))
    await api.good("POST", "/projects", {"project": "team/b"})
    for project in ("team/a", "team/b"):
        await api.good("POST", "/runs", {"project": project, "id": "r"})
    file = (await api.save("r", "kept", b"bytes", project="team/a"))["id"]
    link = (await api.good("GET", f"/runs/files/{file}/download-url"))["download_url"]
    upload = await api.good("POST", "/runs/r/files/upload-url", {"path": "x"}, params={"project": "team/a"})
    assert (await api.ask("GET", "/runs/r"))[0] == 409  # two projects have one
    assert (await own.ask("DELETE", "/projects/team/b"))[0] == 404
    assert await api.ask("DELETE", "/projects/team/a") == (204, None)
    assert (await api.good("GET", "/runs/r"))["project"] == "team/b"
    for path in ("/projects/team/a", f"/runs/files/{file}", f"/runs/files/{file}/content"):
        assert (await api.ask("GET", path))[0] == 404, path
    assert (await api.client.get(URL(link).relative())).status == 404
    registering = {"upload_id": upload["upload_id"]}
    assert (await api.ask("POST", "/runs/r/files", registering))[0] == 404
    assert (await own.ask("GET", "/projects"))[0] == 401  # its own key went with it
    assert [key["name"] for key in (await api.good("GET", "/keys"))["items"]] == ["admin"]
    listed = await api.good("GET", "/projects")
    assert [(each["path"], each["is_default"]) for each in listed["items"]] == [("team/b", True)]
    assert listed["total_count"] == 1
    assert (await api.ask("DELETE", "/projects/team/a"))[0] == 404
    again = await api.good("POST", "/runs", {"project": "team/a", "id": "r"})
    assert (again["project"], again["files"]) == ("team/a", 0)


async def test_deleting_a_project_takes_an_admin(api: Any, make_key: Any) -> None:
    writer, own = await make_key("write", "team/a"), await make_key("admin", "team/a")
    assert (await api.with_key(writer).ask("DELETE", "/projects/team/a"))[0] == 403
    assert (await api.with_key(own).ask("DELETE", "/projects/team/a"))[0] == 204
