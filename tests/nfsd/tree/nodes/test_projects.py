from typing import Any


async def test_projects_by_entity(world: Any) -> None:
    await world.project("a", "one")
    await world.project("b", "two")
    await world.project("b", "three")
    assert await world.names("projects") == ["a", "b"]
    assert await world.names("projects/b") == ["two", "three"]
    assert await world.names("projects/b/two") == ["runs", "sweeps", "artifacts"]
    assert (await world.walk("projects/a/one")).target == "../.."


async def test_a_new_project_moves_its_entity_and_a_new_entity_projects(world: Any) -> None:
    await world.project("a", "one")
    times = []
    for entity, name in (("b", "two"), ("b", "three")):
        await world.project(entity, name)
        times.append([(await world.walk(path)).changed_ns for path in ("projects", "projects/b")])
    assert times[1][1] > times[0][1]
    assert times[1][0] >= times[0][0]


async def test_hostile_names(world: Any) -> None:
    await world.project("a", "one")
    await world.project("..", "x/y")
    assert await world.names("projects/%2E%2E") == ["x%2Fy"]
    assert await world.names("projects/%2E%2E/x%2Fy/runs") == []
