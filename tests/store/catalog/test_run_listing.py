"""Lists of runs and of projects: filtered, and read to the end page by page."""

from typing import Any

import pytest

from store.catalog import Catalog, run_listing
from store.catalog.run_listing import RunFilter


@pytest.fixture
async def project(put: Any, project_id: int) -> int:
    """Three runs, the second in a sweep; a run of another project."""
    sweep = await put("sweeps", project_id=project_id, name="s1")
    for name, columns in (
        ("r1", {"state": "finished", "tags": '["a", "b"]', "notes": "Baseline"}),
        ("r2", {"sweep_id": sweep, "tags": '["ab"]', "group_name": "g"}),
        ("r3", {"display_name": "base_line 2", "group_name": "g"}),
    ):
        files = await put("filesets", project_id=project_id, files=len(name), bytes=7)
        await put("runs", project_id=project_id, fileset_id=files, name=name, **columns)
    other = await put("projects", entity_id=1, name="other")
    files = await put("filesets", project_id=other)
    await put("runs", project_id=other, fileset_id=files, name="r1")
    return project_id  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("which", "expected"),
    [
        (RunFilter(), ["r1", "r2", "r3"]),
        (RunFilter(state="finished"), ["r1"]),
        (RunFilter(tag="a"), ["r1"]),
        (RunFilter(group="g"), ["r2", "r3"]),
        (RunFilter(sweep_id=1), ["r2"]),
        (RunFilter(text="BASE"), ["r1", "r3"]),
        (RunFilter(text="r2"), ["r2"]),
        (RunFilter(text="e_l"), ["r3"]),
        (RunFilter(group="g", state="running", text="r3"), ["r3"]),
    ],
)
async def test_runs(catalog: Catalog, project: int, which: RunFilter, expected: list[str]) -> None:
    db = catalog.read
    ascending = await run_listing.runs(db, project, which, False, None, 100)
    assert [row.run.name for row in ascending] == expected
    descending = await run_listing.runs(db, project, which, True, None, 100)
    assert descending == ascending[::-1]
    assert await run_listing.count_runs(db, project, which) == len(expected)
    assert await run_listing.runs(db, project, which, False, ascending[0].run.id, 1) == ascending[1:2]
    assert await run_listing.runs(db, project, which, True, ascending[0].run.id, 1) == []


async def test_a_run_comes_with_totals_and_sweep(catalog: Catalog, project: int) -> None:
    _, second, third = await run_listing.runs(catalog.read, project, RunFilter(), False, None, 100)
    assert (second.sweep, second.fileset.id, second.fileset.bytes) == ("s1", second.run.fileset_id, 7)
    assert third.sweep is None
    assert await run_listing.run(catalog.direct, second.run.id) == second
    assert await run_listing.run(catalog.direct, 999) is None


async def test_projects(catalog: Catalog, project: int) -> None:
    db = catalog.read
    first, second = await run_listing.projects(db, None, 0, 100)
    assert (first.project.id, first.entity, first.runs) == (project, "team", 3)
    assert (second.project.name, second.runs) == ("other", 1)
    assert await run_listing.projects(db, None, first.project.id, 100) == [second]
    assert await run_listing.projects(db, None, 0, 1) == [first]
    assert await run_listing.projects(db, second.project.id, 0, 100) == [second]
    assert await run_listing.projects(db, second.project.id, second.project.id, 100) == []
    assert (await run_listing.count_projects(db, None), await run_listing.count_projects(db, 999)) == (2, 0)


async def test_the_default_project_is_marked(catalog: Catalog, project: int) -> None:
    await catalog.write(lambda tx: tx.run("UPDATE catalog SET default_project_id = ?", project))
    rows = await run_listing.projects(catalog.read, None, 0, 100)
    assert [row.is_default for row in rows] == [True, False]
