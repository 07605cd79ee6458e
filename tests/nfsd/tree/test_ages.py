"""A stand-in for a catalog that tells nothing: what is seen, and for how long."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from nfsd.tree.ages import MOVING_S, SETTLED_S, Ages
from nfsd.tree.tree import Tree
from store.catalog import projects, runs


class Clock:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def silent(world: Any) -> Any:
    """The world, seen through a catalog whose changes nobody is told of."""
    catalog = world.catalog
    mute = SimpleNamespace(
        id=catalog.id, secret=catalog.secret, direct=catalog.direct, read=catalog.read, follow=lambda _: None
    )
    world.tree = Tree(mute, world.content)
    return world


@pytest.fixture
def ages(silent: Any, clock: Clock) -> Ages:
    return Ages(silent.tree, clock)


async def notes(world: Any, name: str) -> bytes:
    data = await world.read(f"runs/{name}/metadata.json")
    return bytes(data.partition(b'"notes": ')[2].partition(b",")[0])


async def change(world: Any, run: Any, text: str) -> None:
    await world.catalog.write(lambda tx: runs.update(tx, run.id, notes=text))


async def test_a_running_run_is_believed_for_half_a_minute(silent: Any, clock: Clock, ages: Ages) -> None:
    run = await silent.run("r1")
    assert await notes(silent, "r1") == b'""'
    await change(silent, run, "new")
    clock.now += MOVING_S - 1
    ages.expire()
    assert await notes(silent, "r1") == b'""'
    clock.now += 1
    ages.expire()
    assert await notes(silent, "r1") == b'"new"'


@pytest.mark.parametrize("state", ["finished", "failed", "crashed", "killed"])
async def test_a_run_that_is_over_for_five_minutes(silent: Any, clock: Clock, ages: Ages, state: str) -> None:
    run = await silent.run("r1")
    await silent.catalog.write(lambda tx: runs.finish(tx, run.id, 0, state))
    assert await notes(silent, "r1") == b'""'
    await change(silent, run, "new")
    for _ in range(int(SETTLED_S / MOVING_S) - 1):
        clock.now += MOVING_S
        ages.expire()
        assert await notes(silent, "r1") == b'""'
    clock.now += MOVING_S
    ages.expire()
    assert await notes(silent, "r1") == b'"new"'


async def test_a_new_run_is_listed_after_half_a_minute(silent: Any, clock: Clock, ages: Ages) -> None:
    await silent.run("r1")
    handle = silent.tree.handle(before := await silent.walk("runs"))
    await silent.run("r2")
    assert await silent.tree.resolve(handle) is before
    clock.now += MOVING_S
    ages.expire()
    assert (await silent.tree.resolve(handle)).links == before.links + 1


async def test_another_default_project_is_seen(silent: Any, clock: Clock, ages: Ages) -> None:
    await silent.run("r1")
    assert await silent.names("runs") == ["r1"]
    other = await silent.project("team", "other")
    await silent.catalog.write(lambda tx: projects.set_default(tx, other.id))
    clock.now += MOVING_S
    ages.expire()
    assert await silent.names("runs") == []
    assert (await silent.walk("projects/team/other")).target == "../.."


async def test_what_was_replaced_meanwhile_stays(silent: Any, clock: Clock, ages: Ages) -> None:
    await silent.run("r1")
    node = await silent.walk("runs/r1/files")
    clock.now += MOVING_S / 2
    silent.tree.forget([node.fileid])
    again = await silent.walk("runs/r1/files")
    clock.now += MOVING_S / 2
    ages.expire()
    assert silent.tree.nodes.get(again.fileid) is again
    clock.now += MOVING_S / 2
    ages.expire()
    assert again.fileid not in silent.tree.nodes
