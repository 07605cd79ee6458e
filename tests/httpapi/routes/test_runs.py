"""Runs over HTTP."""

from collections.abc import AsyncIterator
from typing import Any


async def test_a_run_from_birth_to_end(api: Any) -> None:
    status, run = await api.ask(
        "POST",
        "/runs",
        {"project": "team/vision", "id": "r1", "config": {"lr": 0.1}, "tags": ["a", "b", "a"], "group": "g"},
    )
    assert status == 201
    assert (run["id"], run["project"], run["path"]) == ("r1", "team/vision", "team/vision/r1")
    assert (run["state"], run["display_name"], run["tags"], run["group"]) == (
        "running",
        "r1",
        ["a", "b"],
        "g",
    )
    assert (run["config"], run["summary"], run["files"], run["bytes"]) == ({"lr": 0.1}, {}, 0, 0)
    assert run["finished_at"] is None
    changed = await api.good(
        "PATCH", "/runs/r1", {"config": {"epochs": 3}, "summary": {"loss": 0.5}, "notes": "n", "tags": []}
    )
    assert changed["config"] == {"lr": 0.1, "epochs": 3}
    assert (changed["summary"], changed["notes"], changed["tags"], changed["group"]) == (
        {"loss": 0.5},
        "n",
        [],
        "g",
    )
    assert changed["updated_at"] > run["updated_at"]
    assert await api.ask("POST", "/runs/r1/heartbeat") == (204, None)
    ended = await api.good("POST", "/runs/r1/finish", {"exit_code": 3})
    assert (ended["state"], ended["exit_code"]) == ("failed", 3)
    assert ended["finished_at"] is not None
    assert await api.good("GET", "/runs/r1") == ended
    assert await api.ask("DELETE", "/runs/r1") == (204, None)
    assert (await api.ask("GET", "/runs/r1"))[0] == 404


async def test_null_is_a_value_and_only_what_is_named_goes(api: Any) -> None:
    await api.good("POST", "/runs", {"id": "r1", "config": {"a": None, "b": {"c": None}, "d": 1}})
    both = {"config": {"d": None}, "summary": {"loss": None, "best": 1, "old": 2}}
    changed = await api.good("PATCH", "/runs/r1", both)
    assert changed["config"] == {"a": None, "b": {"c": None}, "d": None}
    assert changed["summary"] == {"loss": None, "best": 1, "old": 2}
    gone = {"config_remove": ["a", "never there"], "summary_remove": ["old"], "summary": {"new": 3}}
    changed = await api.good("PATCH", "/runs/r1", gone)
    assert changed["config"] == {"b": {"c": None}, "d": None}
    assert changed["summary"] == {"loss": None, "best": 1, "new": 3}
    status, problem = await api.ask("PATCH", "/runs/r1", {"config": {"d": 1}, "config_remove": ["d"]})
    assert (status, "'d' is to be set, and to go" in problem["detail"]) == (422, True)
    assert (await api.good("GET", "/runs/r1")) == changed
    assert (await api.good("PATCH", "/runs/r1", {"config": None, "summary": None}))["config"] == changed[
        "config"
    ]


async def test_resuming(api: Any) -> None:
    run = {"project": "team/vision", "id": "r1", "config": {"a": 1}}
    assert (await api.ask("POST", "/runs", run | {"resume": "must"}))[0] == 404
    assert (await api.ask("POST", "/runs", run | {"resume": "allow"}))[0] == 201
    await api.good("POST", "/runs/r1/finish", {"state": "killed"})
    status, problem = await api.ask("POST", "/runs", run)
    assert (status, problem["type"]) == (409, "urn:runfs:problem:conflict")
    status, resumed = await api.ask(
        "POST", "/runs", run | {"resume": "must", "config": {"b": 2}, "notes": "again"}
    )
    assert (status, resumed["state"], resumed["config"]) == (200, "running", {"a": 1, "b": 2})
    assert (resumed["notes"], resumed["finished_at"], resumed["display_name"]) == ("again", None, "r1")


async def test_where_a_run_goes_that_names_no_project(api: Any, make_key: Any) -> None:
    assert (await api.good("POST", "/runs"))["project"] == "default/uncategorized"
    assert (await api.good("POST", "/runs", {"project": "vision"}))["project"] == "default/vision"
    assert (await api.good("POST", "/runs", {"project": "vision", "entity": "team"}))[
        "project"
    ] == "team/vision"
    own = api.with_key(await make_key("write", "team/own"))
    run = await own.good("POST", "/runs")
    assert (run["project"], len(run["id"])) == ("team/own", 8)
    assert (await own.good("POST", "/runs", {"project": "own"}))["project"] == "team/own"
    for project in ("team/vision", "team/new", "vision"):
        assert (await own.ask("POST", "/runs", {"project": project}))[0] == 404


async def test_an_id_that_several_projects_have(api: Any, make_key: Any) -> None:
    for project in ("team/a", "team/b"):
        await api.good("POST", "/runs", {"project": project, "id": "r1"})
    status, problem = await api.ask("GET", "/runs/r1")
    assert (status, problem["projects"]) == (409, ["team/a", "team/b"])
    assert (await api.good("GET", "/runs/r1", params={"project": "team/b"}))["project"] == "team/b"
    own = api.with_key(await make_key("read", "team/a"))
    assert (await own.good("GET", "/runs/r1"))["project"] == "team/a"
    assert (await own.ask("GET", "/runs/r1", params={"project": "team/b"}))[0] == 404


async def test_listing_page_by_page(api: Any) -> None:
    for number in range(5):
        run = {
            "project": "team/a",
            "id": f"r{number}",
            "tags": [f"t{number % 2}"],
            "display_name": f"N{number}",
        }
        await api.good("POST", "/runs", run)
    await api.good("POST", "/runs", {"project": "team/b", "id": "other"})
    ids, cursor = [], None
    while True:
        params = {"project": "team/a", "limit": 2, "order": "asc"} | ({"cursor": cursor} if cursor else {})
        page = await api.good("GET", "/runs", params=params)
        assert page["total_count"] == 5
        ids += [run["id"] for run in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert ids == ["r0", "r1", "r2", "r3", "r4"]
    # Without a project it is the default one; newest first.
    page = await api.good("GET", "/runs", params={"tag": "t1"})
    assert ([run["id"] for run in page["items"]], page["total_count"]) == (["r3", "r1"], 2)
    page = await api.good("GET", "/runs", params={"text": "n4"})
    assert [run["id"] for run in page["items"]] == ["r4"]
    assert (await api.ask("GET", "/runs", params={"cursor": "nonsense"}))[0] == 422


async def test_a_run_in_a_sweep(api: Any) -> None:
    await api.good("POST", "/runs", {"project": "team/a", "id": "alone"})
    await api.good("POST", "/sweeps", {"project": "team/a", "id": "s1"})
    run = await api.good("POST", "/runs", {"project": "team/a", "id": "r1", "sweep": "s1"})
    assert run["sweep"] == "s1"
    page = await api.good("GET", "/runs", params={"sweep": "s1"})
    assert [run["id"] for run in page["items"]] == ["r1"]
    assert (await api.good("GET", "/runs", params={"sweep": "s2"}))["items"] == []
    assert (await api.ask("POST", "/runs", {"project": "team/a", "sweep": "s2"}))[0] == 404


async def test_bad_runs(api: Any) -> None:
    for wrong in (
        {"id": ".."},
        {"id": "a/b"},
        {"id": "a\x00b"},
        {"id": "ü" * 128},
        {"id": ""},
        {"id": "\ud800"},
        {"project": "a/b/c"},
        {"project": "../x"},
        {"project": "/x"},
        {"config": []},
        {"tags": "a"},
        {"tags": [""]},
        {"resume": "maybe"},
        {"nonsense": 1},
        {"display_name": "x" * 1001},
    ):
        status, problem = await api.ask("POST", "/runs", {"project": "team/a"} | wrong)
        assert status in (400, 422), wrong
        assert problem["detail"], wrong
    assert (await api.good("GET", "/projects"))["items"] == []


async def test_a_key_makes_no_run_elsewhere_when_its_project_goes(api: Any, make_key: Any) -> None:
    key = api.with_key(await make_key("write", "team/gone"))

    async def body() -> AsyncIterator[bytes]:
        yield b"{"  # the key was let in
        await api.good("DELETE", "/projects/team/gone")
        yield b"}"

    json = {"Content-Type": "application/json"}
    async with await key.raw("POST", "/runs", data=body(), headers=json, expect100=True) as answer:
        assert answer.status == 404
    assert (await api.good("GET", "/projects"))["items"] == []
