"""A run's life: runs.create, update, merge, heartbeat, resume, finish, crash_silent, delete."""

import json
from typing import Any

import pytest

from store.catalog import Catalog, Topic, lines, projects, remains, runs, sweeps
from store.catalog.rows import Run, Sweep
from store.errors import Absent, Conflict, Refused


@pytest.fixture
async def sweep(catalog: Catalog, project_id: int) -> Sweep:
    """A sweep of team/vision."""
    return await catalog.write(lambda tx: sweeps.create(tx, project_id, "s"))


@pytest.fixture
async def run(catalog: Catalog, project_id: int, sweep: Sweep) -> Run:
    """A running run in the sweep."""
    return await catalog.write(lambda tx: runs.create(tx, project_id, "r", sweep_id=sweep.id, user="ann"))


async def test_a_new_run(catalog: Catalog, run: Run, sweep: Sweep, told: list[Any]) -> None:
    assert (run.name, run.display_name, run.state, run.user, run.sweep_id) == (
        "r",
        "r",
        "running",
        "ann",
        sweep.id,
    )
    assert run.created_ns == run.heartbeat_ns == run.names_changed_ns <= run.changed_ns
    assert await runs.by_id(catalog.direct, run.id) == run
    await catalog.write(lambda tx: runs.create(tx, run.project_id, "r2", sweep_id=sweep.id, state="pending"))
    assert set(told) == {
        (Topic.RUN, run.id + 1, run.project_id),
        (Topic.PROJECT_RUNS, run.project_id, 0),
        (Topic.SWEEP, sweep.id, run.project_id),
        (Topic.SWEEP_RUNS, sweep.id, run.project_id),
    }


async def test_names(catalog: Catalog, run: Run) -> None:
    with pytest.raises(Conflict, match="a run r already"):
        await catalog.write(lambda tx: runs.create(tx, run.project_id, "r"))
    with pytest.raises(Refused, match="the run id"):
        await catalog.write(lambda tx: runs.create(tx, run.project_id, ".."))


async def test_only_some_columns_are_a_users(catalog: Catalog, run: Run) -> None:
    updated = await catalog.write(lambda tx: runs.update(tx, run.id, notes="n", tags='["a"]'))
    assert (updated.notes, updated.tags) == ("n", '["a"]')
    assert updated.changed_ns > run.changed_ns
    for column in ("state", "history_bytes", "id", "notes = '', state"):
        with pytest.raises(TypeError, match="not a column"):
            await catalog.write(lambda tx, column=column: runs.update(tx, run.id, **{column: 1}))
    with pytest.raises(Absent):
        await catalog.write(lambda tx: runs.update(tx, 99, notes="n"))


async def test_merge_sets_some_keys(catalog: Catalog, run: Run, told: list[Any]) -> None:
    await catalog.write(lambda tx: runs.merge(tx, run.id, {"lr": 0.1, "net": {"depth": 3}}, {"loss": 2}))
    merged = await catalog.write(
        lambda tx: runs.merge(tx, run.id, {"net": {"width": 4}, "seed": None}, {"loss": float("nan")})
    )
    assert json.loads(merged.config) == {"lr": 0.1, "net": {"width": 4}, "seed": None}
    assert merged.summary == '{"loss":"NaN"}'
    assert told == [(Topic.RUN, run.id, run.project_id), (Topic.SWEEP, run.sweep_id, run.project_id)] * 2


async def test_heartbeats_renew_the_lease(catalog: Catalog, run: Run, told: list[Any]) -> None:
    beaten = await catalog.write(lambda tx: runs.heartbeat(tx, run.id))
    assert beaten.heartbeat_ns > run.heartbeat_ns
    assert told == [(Topic.RUN, run.id, run.project_id)]  # the sweep's numbers are what they were
    assert await catalog.write(lambda tx: runs.crash_silent(tx, beaten.heartbeat_ns)) == []
    crashed = await catalog.write(lambda tx: runs.crash_silent(tx, beaten.heartbeat_ns + 1))
    assert [(row.id, row.state, row.finished_ns) for row in crashed] == [
        (run.id, "crashed", beaten.heartbeat_ns)
    ]
    assert (Topic.SWEEP, run.sweep_id, run.project_id) in told
    revived = await catalog.write(lambda tx: runs.heartbeat(tx, run.id))
    assert (revived.state, revived.finished_ns) == ("running", None)


@pytest.mark.parametrize(
    ("exit_code", "state", "expected"),
    [(0, None, "finished"), (None, None, "finished"), (1, None, "failed"), (-9, "killed", "killed")],
)
async def test_finish_and_resume(
    catalog: Catalog, run: Run, exit_code: int | None, state: str | None, expected: str
) -> None:
    ended = await catalog.write(lambda tx: runs.finish(tx, run.id, exit_code, state))
    assert (ended.state, ended.exit_code) == (expected, exit_code)
    assert ended.finished_ns is not None
    late = await catalog.write(lambda tx: runs.heartbeat(tx, run.id))
    assert late.state == expected  # a heartbeat that was under way does not bring it back
    assert await catalog.write(lambda tx: runs.crash_silent(tx, 2**62)) == []
    resumed = await catalog.write(lambda tx: runs.resume(tx, run.id))
    assert (resumed.state, resumed.exit_code, resumed.finished_ns) == ("running", None, None)


async def test_finish_takes_only_ends(catalog: Catalog, run: Run) -> None:
    with pytest.raises(Refused, match="'running'"):
        await catalog.write(lambda tx: runs.finish(tx, run.id, 0, "running"))


async def test_delete_takes_everything_along(catalog: Catalog, run: Run, told: list[Any]) -> None:
    await catalog.write(lambda tx: lines.append(tx, run.id, lines.HISTORY, 0, [b"{}"]))
    project = await projects.by_id(catalog.direct, run.project_id)
    told.clear()
    await catalog.write(lambda tx: runs.delete(tx, run.id))
    assert await runs.by_id(catalog.direct, run.id) is None
    await catalog.write(lambda tx: remains.take(tx, 100))
    assert await catalog.direct.all("SELECT * FROM lines") == []
    assert set(told) == {
        (Topic.RUN, run.id, run.project_id),
        (Topic.RUN_NAMES, run.id, run.project_id),
        (Topic.FILESET, run.fileset_id, 0),
        (Topic.PROJECT_RUNS, run.project_id, 0),
        (Topic.SWEEP, run.sweep_id, run.project_id),
        (Topic.SWEEP_RUNS, run.sweep_id, run.project_id),
    }
    after = await projects.by_id(catalog.direct, run.project_id)
    assert project is not None
    assert after is not None
    assert after.runs_changed_ns > project.runs_changed_ns
    with pytest.raises(Absent):
        await catalog.write(lambda tx: runs.delete(tx, run.id))
    again = await catalog.write(lambda tx: runs.create(tx, run.project_id, "r"))
    assert again.id > run.id  # never reused: it is in file handles


async def test_a_summary_may_change_which_run_is_the_sweep_s_best(
    catalog: Catalog, run: Run, told: list[Any]
) -> None:
    assert run.sweep_id is not None
    sweep = (Topic.SWEEP, run.sweep_id, run.project_id)
    told.clear()
    await catalog.write(lambda tx: runs.update(tx, run.id, notes="x"))
    await catalog.write(lambda tx: runs.merge(tx, run.id, {"a": 1}, None))
    assert sweep not in told
    await catalog.write(lambda tx: runs.update(tx, run.id, summary='{"loss":1}'))
    assert told.count(sweep) == 1
    await catalog.write(lambda tx: runs.merge(tx, run.id, None, {"loss": 2}))
    assert told.count(sweep) == 2
