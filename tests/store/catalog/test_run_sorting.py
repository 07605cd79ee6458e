"""Runs sorted on any column: own ones, summary, config; what lacks the value comes last."""

from __future__ import annotations

import json
from typing import Any

import pytest

from store.catalog import Catalog, run_sorting
from store.catalog.run_listing import RunFilter

RUNS = (
    {"name": "a", "display_name": "zed", "state": "running", "summary": {"loss": 2, 'q".x': 1}, "config": {}},
    {"name": "b", "display_name": "", "state": "finished", "summary": {"loss": 10}, "config": {"lr": "high"}},
    {"name": "c", "display_name": "Amy", "state": "failed", "summary": {}, "config": {"lr": 3}},
)


@pytest.fixture
async def project(put: Any, project_id: int) -> int:
    for number, run in enumerate(RUNS):
        fileset = await put("filesets", project_id=project_id, files=number)
        columns = run | {"summary": json.dumps(run["summary"]), "config": json.dumps(run["config"])}
        end = {"finished_ns": 100 - number} if number else {}
        await put("runs", project_id=project_id, fileset_id=fileset, **columns, **end)
    return project_id


@pytest.mark.parametrize(
    ("column", "up", "down"),
    [
        ("created", "abc", "cba"),
        ("id", "abc", "cba"),
        ("name", "cba", "abc"),
        ("state", "cba", "abc"),
        ("files", "abc", "cba"),
        ("summary.loss", "abc", "bac"),
        ('summary.q".x', "acb", "acb"),
        ("config.lr", "cba", "bca"),
        ("config.", "abc", "cba"),
        ("nonsense; DROP TABLE runs", "abc", "cba"),
    ],
)
async def test_columns(catalog: Catalog, project: int, column: str, up: str, down: str) -> None:
    for descending, expected in ((False, up), (True, down)):
        rows = await run_sorting.runs(catalog.read, project, RunFilter(), column, descending, 9, 0)
        assert "".join(row.run.name for row in rows) == expected


async def test_pages_and_filters(catalog: Catalog, project: int) -> None:
    rows = await run_sorting.runs(catalog.read, project, RunFilter(), "summary.loss", False, 1, 1)
    assert [row.run.name for row in rows] == ["b"]
    rows = await run_sorting.runs(catalog.read, project, RunFilter(state="failed"), "config.lr", False, 9, 0)
    assert [row.run.name for row in rows] == ["c"]
