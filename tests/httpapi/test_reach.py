"""What a key may not read is not found."""

from typing import Any

import pytest


@pytest.fixture
async def two_projects(api: Any) -> None:
    for project in ("team/ours", "team/theirs"):
        await api.good("POST", "/runs", {"project": project, "id": project[-1] + "1"})
        await api.good("POST", "/sweeps", {"project": project, "id": project[-1] + "2"})


async def test_another_projects_things_are_not_found(api: Any, make_key: Any, two_projects: None) -> None:
    await api.good("POST", "/runs", {"project": "team/theirs", "id": "t1only"})
    own = api.with_key(await make_key("admin", "team/ours"))
    for path in (
        "/runs/t1only",
        "/projects/team/theirs",
        "/runs?project=team/theirs",
        "/sweeps?project=team/theirs",
    ):
        status, problem = await own.ask("GET", path)
        assert (status, problem["type"]) == (404, "urn:runfs:problem:not-found"), path
    missing = await own.ask("GET", "/runs/nothing")
    hidden = await own.ask("GET", "/runs/t1only")
    # Word for word the same, but for the name: nothing tells that it is there.
    assert str(missing).replace("nothing", "X") == str(hidden).replace("t1only", "X")


async def test_an_ambiguity_is_only_among_what_can_be_read(
    api: Any, make_key: Any, two_projects: None
) -> None:
    own = api.with_key(await make_key("read", "team/ours"))
    assert (await own.good("GET", "/runs/s1"))["project"] == "team/ours"
    assert (await own.good("GET", "/sweeps/s2"))["project"] == "team/ours"
    both = [await api.ask("GET", path) for path in ("/runs/s1", "/sweeps/s2")]
    assert [status for status, _ in both] == [409, 409]
    assert both[1][1]["projects"] == ["team/ours", "team/theirs"]


async def test_a_project_given_is_the_only_one_looked_in(api: Any, two_projects: None) -> None:
    for path in ("/runs/s1", "/sweeps/s2"):
        assert (await api.good("GET", f"{path}?project=team/theirs"))["project"] == "team/theirs"
        assert (await api.ask("GET", f"{path}?project=team/nothing"))[0] == 404
        assert (await api.ask("GET", f"{path}?project=nothing"))[0] == 422
    assert (await api.ask("GET", "/runs/other?project=team/ours"))[0] == 404
    assert (await api.ask("GET", "/sweeps/other?project=team/ours"))[0] == 404


async def test_without_any_project_there_is_nothing_to_list(api: Any) -> None:
    assert (await api.ask("GET", "/runs"))[0] == 404
