"""The runs table."""

import re
from typing import Any

import pytest

RUNS = "/projects/team/vision/runs"


@pytest.fixture
async def several(api: Any) -> None:
    for number, (name, loss) in enumerate([("ada", 0.5), ("bob", 0.1), ("cid", 0.9)]):
        run = await api.good(
            "POST",
            "/runs",
            {
                "project": "team/vision",
                "id": name,
                "display_name": f"<{name}>",
                "config": {"lr": number, "deep": {"x": 1}},
                "tags": ["even"] if number % 2 == 0 else [],
            },
        )
        await api.good("PATCH", f"/runs/{run['id']}", {"summary": {"loss": loss, "note": "x"}})
    await api.good("POST", "/runs/bob/finish", {"exit_code": 0})


def names(text: str) -> list[str]:
    return re.findall(r'name="run" value="(\w+)"', text)


CASES = (
    ("", ["cid", "bob", "ada"]),
    ("?order=asc", ["ada", "bob", "cid"]),
    ("?sort=name&order=asc", ["ada", "bob", "cid"]),
    ("?sort=summary.loss&order=asc", ["bob", "ada", "cid"]),
    ("?sort=summary.loss&order=desc", ["cid", "ada", "bob"]),
    ("?sort=config.lr&order=desc", ["cid", "bob", "ada"]),
    ("?sort=nonsense", ["cid", "bob", "ada"]),
    ("?state=finished", ["bob"]),
    ("?tag=even", ["cid", "ada"]),
    ("?q=BO", ["bob"]),
    ("?sweep=none", []),
    ("?limit=1&page=2", ["bob"]),
    ("?limit=2&page=99", ["ada"]),
)


async def test_sorted_filtered_and_paged(site: Any, several: None) -> None:
    for query, expected in CASES:
        assert names(await site.get(RUNS + query)) == expected, query


async def test_the_script_gets_the_table_alone(site: Any, several: None) -> None:
    part = await site.part(RUNS)
    assert part.lstrip().startswith('<div id="runs"')
    assert 'hx-trigger="every 4s"' in part
    assert "<html" not in part


async def test_columns_are_chosen_and_remembered(site: Any, several: None) -> None:
    first = await site.get(RUNS)
    assert "sort=summary.loss" in first
    assert 'value="config.lr"' in first
    assert 'value="config.deep"' not in first
    async with await site.answer("GET", f"{RUNS}?column=&column=config.lr") as response:
        text = await response.text()
        (cookie,) = [each for name, each in response.cookies.items() if name.startswith("runfs_columns_")]
    assert "sort=config.lr" in text
    assert "sort=summary.loss" not in text
    site.cookies[cookie.key] = cookie.value
    assert "sort=config.lr" in await site.get(RUNS)
    assert "sort=summary.loss" not in await site.get(RUNS)


async def test_names_are_escaped(site: Any, several: None) -> None:
    text = await site.get(RUNS)
    assert "&lt;ada&gt;" in text
    assert "<ada>" not in text


async def test_empty_and_nothing_found(site: Any, api: Any, several: None) -> None:
    assert "No run fits" in await site.get(RUNS + "?q=zzz")
    await api.good("POST", "/projects", {"project": "team/new"})
    assert "No run yet" in await site.get("/projects/team/new/runs")


async def test_compare_leads_to_the_charts(site: Any, several: None) -> None:
    async with await site.answer("GET", "/projects/team/vision/compare?run=ada&run=b%26b") as response:
        assert response.headers["Location"] == f"{RUNS}/ada/metrics?with=b%26b"
    async with await site.answer("GET", "/projects/team/vision/compare") as response:
        assert response.headers["Location"] == RUNS
