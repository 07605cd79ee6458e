"""History and console over HTTP."""

import json
from typing import Any

import pytest


@pytest.fixture(autouse=True)
async def run(api: Any) -> None:
    await api.good("POST", "/runs", {"id": "r1"})


async def test_history_grows_and_sending_again_changes_nothing(api: Any) -> None:
    lines = [{"step": 0, "loss": 1.5}, '{"step": 1, "loss": NaN}']
    assert await api.good("POST", "/runs/r1/history", {"first_line": 0, "lines": lines}) == {"next_line": 2}
    assert await api.good("POST", "/runs/r1/history", {"first_line": 0, "lines": lines}) == {"next_line": 2}
    assert await api.good(
        "POST", "/runs/r1/history", {"first_line": 1, "lines": [lines[1], {"step": 2}]}
    ) == {"next_line": 3}
    read = await api.good("GET", "/runs/r1/history")
    assert read["items"] == [{"loss": 1.5, "step": 0}, {"loss": "NaN", "step": 1}, {"step": 2}]
    assert (read["total_count"], read["next_line"]) == (3, None)
    assert (await api.good("GET", "/runs/r1"))["history_lines"] == 3


async def test_history_that_does_not_fit(api: Any) -> None:
    await api.good("POST", "/runs/r1/history", {"first_line": 0, "lines": [{"a": 1}]})
    for first, line, status in (
        (2, {"a": 1}, 409),
        (0, {"a": 2}, 409),
        (1, "[1]", 422),
        (1, "{", 422),
        (1, "1", 422),
    ):
        assert (await api.ask("POST", "/runs/r1/history", {"first_line": first, "lines": [line]}))[
            0
        ] == status
    assert (await api.good("GET", "/runs/r1/history"))["total_count"] == 1


async def test_pages_samples_and_keys(api: Any) -> None:
    lines = [{"step": number} | ({"val": number * 10} if number % 4 == 0 else {}) for number in range(10)]
    await api.good("POST", "/runs/r1/history", {"first_line": 0, "lines": lines})
    page = await api.good("GET", "/runs/r1/history", params={"first_line": 3, "limit": 4})
    assert ([line["step"] for line in page["items"]], page["next_line"]) == ([3, 4, 5, 6], 7)
    page = await api.good("GET", "/runs/r1/history", params={"first_line": 7, "limit": 3})
    assert ([line["step"] for line in page["items"]], page["next_line"]) == ([7, 8, 9], None)
    page = await api.good("GET", "/runs/r1/history", params={"first_line": 99})
    assert (page["items"], page["next_line"]) == ([], None)
    sample = await api.good("GET", "/runs/r1/history", params={"points": 3})
    assert [line["step"] for line in sample["items"]] == [2, 5, 9]
    assert (sample["next_line"], sample["total_count"]) == (None, 10)
    some = await api.good("GET", "/runs/r1/history", params={"keys": "val"})
    assert some["items"] == [{"val": 0}, {"val": 40}, {"val": 80}]


async def test_console_lines_may_be_rewritten(api: Any) -> None:
    first = {"first_line": 0, "lines": ["one", "10 %", "größe\n"]}
    assert await api.good("POST", "/runs/r1/console", first) == {"next_line": 3}
    assert await api.good("POST", "/runs/r1/console", {"first_line": 1, "lines": ["100 %"]}) == {
        "next_line": 3
    }
    read = await api.good("GET", "/runs/r1/console", params={"limit": 2})
    assert (read["items"], read["next_line"], read["total_count"]) == (["one", "100 %"], 2, 3)
    assert (await api.good("GET", "/runs/r1/console", params={"first_line": 2}))["items"] == ["größe"]
    assert (await api.ask("POST", "/runs/r1/console", {"first_line": 4, "lines": ["x"]}))[0] == 409
    assert (await api.ask("POST", "/runs/r1/console", {"first_line": 0, "lines": ["a\nb"]}))[0] == 422


async def test_a_line_has_a_limit(api: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("httpapi.routes.lines.LINE_BYTES_MAX", 20)
    for path, line in (("history", {"a": "x" * 20}), ("console", "x" * 20)):
        status, problem = await api.ask("POST", f"/runs/r1/{path}", {"first_line": 0, "lines": [line]})
        assert (status, problem["type"]) == (413, "urn:runfs:problem:too-large")
    for path, line in (("history", {"a": "x" * 5}), ("console", "x" * 19)):
        assert (await api.ask("POST", f"/runs/r1/{path}", {"first_line": 0, "lines": [line]}))[0] == 200


async def test_texts_that_no_file_can_hold(api: Any) -> None:
    body = json.dumps({"first_line": 0, "lines": ["a\ud800"]}).encode()
    status, _ = await api.ask(
        "POST", "/runs/r1/console", data=body, headers={"Content-Type": "application/json"}
    )
    assert status == 400
