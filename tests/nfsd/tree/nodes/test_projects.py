from typing import Any

import pytest

from nfsd.tree.tree import Tree
from store.catalog import projects


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


async def test_a_deleted_project_is_gone_at_once_and_open_files_stay(world: Any) -> None:
    await world.all_kinds()
    version = await world.walk("runs/r1/files/logs/a/b.txt")
    opened = world.tree.handle(version)
    paths = (
        *("runs/r1", "runs/r1/metadata.json", "runs/r1/history.jsonl", "runs/r1/output.log", "runs/r1/files"),
        *(
            "runs/r1/files/logs",
            "sweeps/s1",
            "sweeps/s1/metadata.json",
            "sweeps/s1/runs",
            "sweeps/s1/runs/r1",
        ),
        *("artifacts/types/weights", "artifacts/types/weights/model", "artifacts/collections/model"),
        *("artifacts/collections/model/v0", "artifacts/collections/model/v0/metadata.json"),
        *("artifacts/collections/model/latest", "artifacts/collections/model/v0/files", "projects/team"),
        "projects/team/vision",
    )
    handles = {path: world.tree.handle(await world.walk(path)) for path in paths}
    times = {path: (await world.walk(path)).changed_ns for path in ("projects",)}
    await world.catalog.write(lambda tx: projects.delete(tx, 1))
    for tree in (world.tree, Tree(world.catalog, world.content)):
        for path, handle in handles.items():
            with pytest.raises(OSError, match="gone"):
                raise AssertionError(f"{path} is still {await tree.resolve(handle)}")
        node = await tree.resolve(opened)
        assert node.links == 0
        assert bytes(await tree.read(node, 0, 99)) == b"hello\n"
    assert await world.names("projects") == ["other"]
    assert (await world.walk("projects")).changed_ns > times["projects"]
    assert (await world.walk("projects/other/second")).target == "../.."  # the oldest is the default now
    assert await world.names("runs") == await world.names("artifacts/types") == []
    await world.run("r1")
    assert await world.names("projects/team/vision/runs") == ["r1"]
    with pytest.raises(OSError, match="gone"):
        await world.tree.resolve(handles["runs/r1"])
