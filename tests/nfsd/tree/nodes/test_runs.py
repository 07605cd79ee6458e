from typing import Any

from store.catalog import runs


async def test_runs_in_the_order_they_came(world: Any) -> None:
    for name in ("b", "c", "a"):
        await world.run(name)
    assert await world.names("runs") == ["b", "c", "a"]
    assert (await world.walk("runs")).links == 5


async def test_a_run_that_comes_or_goes_moves_the_directory(world: Any) -> None:
    one = await world.run("one")
    before = await world.walk("runs")
    await world.run("two")
    middle = await world.walk("runs")
    await world.catalog.write(lambda tx: runs.delete(tx, one.id))
    after = await world.walk("runs")
    assert before.changed_ns < middle.changed_ns < after.changed_ns
    assert [before.links, middle.links, after.links] == [3, 4, 3]


async def test_over_long_and_odd_names_are_found(world: Any) -> None:
    project = await world.project()
    odd = ["x" * 300, "x" * 299 + "y", "a/b", "."]
    for number, name in enumerate(odd):
        run = await world.run(f"r{number}")

        async def rename(tx: Any, run: Any = run, name: str = name) -> None:
            await tx.run("UPDATE runs SET name = ? WHERE id = ?", name, run.id)

        await world.catalog.write(rename)
    world.tree.forget_everything()
    shown = await world.names("runs")
    assert len(set(shown)) == 4
    for name in shown:
        assert (await world.walk(f"runs/{name}")).parent == (await world.walk("runs")).fileid
    assert project.id
