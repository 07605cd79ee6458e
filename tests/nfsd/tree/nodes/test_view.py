from typing import Any

from nfsd.tree.node import KINDS, ROOT
from nfsd.tree.nodes.view import PROJECT, above, project_of


async def test_the_root_s_number_is_the_default_project(world: Any) -> None:
    assert await project_of(world.tree, 0) is None
    first, second = await world.project("a", "b"), await world.project("a", "c")
    assert await project_of(world.tree, 0) == first
    assert await project_of(world.tree, second.id) == second
    assert await project_of(world.tree, 99) is None


def test_what_is_above() -> None:
    assert KINDS[PROJECT].__name__ == "ProjectDirectory"
    assert above(0) == ROOT
    assert above(7) == 7 << 6 | PROJECT
