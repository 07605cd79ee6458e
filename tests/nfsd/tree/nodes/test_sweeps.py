import json
from typing import Any

from store.catalog import runs, sweeps


async def test_a_sweep_s_runs_are_links(world: Any) -> None:
    sweep = await world.sweep()
    await world.run("one", sweep_id=sweep.id)
    await world.run("lonely")
    assert await world.names("sweeps/s1") == ["metadata.json", "runs"]
    assert await world.names("sweeps/s1/runs") == ["one"]
    assert (await world.walk("sweeps/s1/runs/one")).target == "../../../runs/one"


async def test_metadata_follows_the_runs(world: Any) -> None:
    sweep = await world.sweep(config='{"metric":{"name":"loss","goal":"minimize"}}')
    made = [await world.run(name, sweep_id=sweep.id) for name in ("one", "two")]
    for run, loss in zip(made, (2, 1), strict=True):
        await world.catalog.write(lambda tx, run=run, loss=loss: runs.merge(tx, run.id, None, {"loss": loss}))
        await world.read("sweeps/s1/metadata.json")
    value = json.loads(await world.read("sweeps/s1/metadata.json"))
    assert value["best_run"] == {"run": "two", "value": 1.0}
    before = await world.walk("sweeps/s1/metadata.json")
    await world.catalog.write(lambda tx: runs.finish(tx, made[0].id, 0))
    value = json.loads(await world.read("sweeps/s1/metadata.json"))
    assert value["run_states"] == {"finished": 1, "running": 1}
    assert (await world.walk("sweeps/s1/metadata.json")).changed_ns > before.changed_ns


async def test_a_deleted_sweep_lets_its_runs_go(world: Any) -> None:
    sweep = await world.sweep()
    await world.run("one", sweep_id=sweep.id)
    assert b'"sweep": "s1"' in await world.read("runs/one/metadata.json")
    link = await world.walk("sweeps/s1/runs/one")
    await world.catalog.write(lambda tx: sweeps.delete(tx, sweep.id))
    assert b'"sweep": null' in await world.read("runs/one/metadata.json")
    assert await world.names("sweeps") == []
    assert link.fileid not in world.tree.nodes
