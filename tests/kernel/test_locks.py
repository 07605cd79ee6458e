"""flock and fcntl over the plain mount: between two processes, and between two mounts."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from kernel_client import Machine
from kernel_locks import attempt, hold, release


@pytest.fixture(autouse=True)
def _no_holder_left(machine: Machine, second: str) -> Iterator[None]:
    yield
    release(machine)


@pytest.mark.parametrize("kind", ["flock", "fcntl"])
@pytest.mark.parametrize("where", ["two processes", "two mounts"])
def test_shared_locks_meet(kind: str, where: str, machine: Machine, mount: str, second: str) -> None:
    path = "runs/run1/metadata.json"
    other = second if where == "two mounts" else mount
    assert hold(machine, kind, "shared", f"{mount}/{path}") == "taken"
    assert attempt(machine, kind, "shared", f"{other}/{path}") == "taken"


@pytest.mark.parametrize("where", ["two processes", "two mounts"])
def test_exclusion_holds_and_a_killed_holder_frees_its_lock(
    where: str, machine: Machine, mount: str, second: str
) -> None:
    path = "runs/run1/metadata.json"
    other = second if where == "two mounts" else mount
    assert hold(machine, "flock", "exclusive", f"{mount}/{path}") == "taken"
    assert attempt(machine, "flock", "exclusive", f"{other}/{path}") == "busy"
    assert attempt(machine, "flock", "shared", f"{other}/{path}") == "busy"
    waiting = machine.start("flock -x $1 echo had it", f"{other}/{path}", limit_s=60)
    release(machine)
    assert waiting.result().text == "had it"
