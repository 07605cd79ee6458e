import json
from typing import Any

import pytest

from store.catalog import Catalog, Topic, runs, sweeps
from store.catalog.rows import Sweep
from store.errors import Absent, Conflict, Refused


async def test_look_up_and_pages(catalog: Catalog, put: Any, project_id: int) -> None:
    other = await put("projects", entity_id=1, name="other")
    ids = [await put("sweeps", project_id=project_id, name=name) for name in ("b", "a")]
    theirs = await put("sweeps", project_id=other, name="a")
    db = catalog.direct
    found = await sweeps.by_id(db, ids[1])
    assert found is not None
    assert found.name == "a"
    assert await sweeps.by_name(db, project_id, "a") == found
    assert await sweeps.by_name(db, other, "b") is None
    assert [sweep.id for sweep in await sweeps.named(db, "a")] == [ids[1], theirs]
    assert [sweep.id for sweep in await sweeps.page(db, project_id, 0, 1)] == ids[:1]
    assert [sweep.id for sweep in await sweeps.page(db, project_id, ids[0], 9)] == ids[1:]
    assert await sweeps.count(db, project_id) == 2


async def sweep_of(catalog: Catalog, project_id: int, config: str = "{}") -> Sweep:
    return await catalog.write(lambda tx: sweeps.create(tx, project_id, "s", method="grid", config=config))


async def test_a_new_sweep(catalog: Catalog, project_id: int, told: list[Any]) -> None:
    sweep = await sweep_of(catalog, project_id)
    assert (sweep.name, sweep.state, sweep.method) == ("s", "running", "grid")
    assert set(told) == {(Topic.SWEEP, sweep.id, project_id), (Topic.PROJECT_SWEEPS, project_id, 0)}
    with pytest.raises(Conflict, match="a sweep s already"):
        await sweep_of(catalog, project_id)
    with pytest.raises(Refused, match="the sweep id"):
        await catalog.write(lambda tx: sweeps.create(tx, project_id, "a/b"))


async def test_update(catalog: Catalog, project_id: int) -> None:
    sweep = await sweep_of(catalog, project_id)
    updated = await catalog.write(lambda tx: sweeps.update(tx, sweep.id, state="paused", display_name="d"))
    assert (updated.state, updated.display_name) == ("paused", "d")
    with pytest.raises(Refused, match="'broken'"):
        await catalog.write(lambda tx: sweeps.update(tx, sweep.id, state="broken"))
    with pytest.raises(TypeError):
        await catalog.write(lambda tx: sweeps.update(tx, sweep.id, name="n"))
    with pytest.raises(Absent):
        await catalog.write(lambda tx: sweeps.update(tx, 99, state="paused"))


async def test_delete_leaves_the_runs(catalog: Catalog, project_id: int, told: list[Any]) -> None:
    sweep = await sweep_of(catalog, project_id)
    run = await catalog.write(lambda tx: runs.create(tx, project_id, "r", sweep_id=sweep.id))
    told.clear()
    await catalog.write(lambda tx: sweeps.delete(tx, sweep.id))
    assert await sweeps.by_id(catalog.direct, sweep.id) is None
    left = await runs.by_id(catalog.direct, run.id)
    assert left is not None
    assert left.sweep_id is None
    assert set(told) == {
        (Topic.SWEEP, sweep.id, project_id),
        (Topic.SWEEP_RUNS, sweep.id, project_id),
        (Topic.RUN, run.id, project_id),
        (Topic.PROJECT_SWEEPS, project_id, 0),
    }


@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        ({"name": "loss", "goal": "minimize"}, ("b", 1.5)),
        ({"name": "loss"}, ("b", 1.5)),
        ({"name": "loss", "goal": "maximize"}, ("a", 2.0)),
        ({"name": "val.acc", "goal": "maximize"}, ("c", 0.9)),
        ({"name": "test.acc", "goal": "maximize"}, ("b", 7.0)),
        ({"name": "acc"}, None),  # only nested ones: not this metric
        ({"name": "text"}, None),
        ({"name": "quo\"te's"}, ("d", 3.0)),
        ({"name": None}, None),
        ("loss", None),
    ],
)
async def test_the_best_run(catalog: Catalog, project_id: int, metric: Any, expected: Any) -> None:
    sweep = await sweep_of(catalog, project_id, json.dumps({"metric": metric}))
    for name, summary in (
        ("a", {"loss": 2, "val": {"acc": 0.5}}),
        ("b", {"loss": 1.5, "text": "9", "test.acc": 7}),
        ("c", {"loss": "NaN", "val": {"acc": 0.9}}),
        ("d", {"loss": 1.5, "quo\"te's": 3}),
    ):
        text = json.dumps(summary)
        await catalog.write(
            lambda tx, name=name, text=text: runs.create(
                tx, project_id, name, sweep_id=sweep.id, summary=text
            )
        )
    await catalog.write(lambda tx: runs.create(tx, project_id, "other", summary='{"loss":-1}'))
    assert await sweeps.best(catalog.direct, sweep) == expected


async def test_states(catalog: Catalog, project_id: int) -> None:
    sweep = await sweep_of(catalog, project_id)
    for name, state in (("a", "running"), ("b", "failed"), ("c", "running")):
        await catalog.write(
            lambda tx, name=name, state=state: runs.create(
                tx, project_id, name, sweep_id=sweep.id, state=state
            )
        )
    assert await sweeps.states(catalog.direct, sweep.id) == {"failed": 1, "running": 2}
