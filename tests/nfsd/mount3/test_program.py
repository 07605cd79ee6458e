"""The MOUNT program."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from nfsd.mount3 import types as t
from nfsd.mount3.program import Mount3, components
from nfsd.rpc import Call, Credential
from nfsd.tree.networks import Networks

Mounting = Callable[..., Any]


def call(client: str = "127.0.0.1") -> Call:
    return Call(1, t.PROGRAM, t.VERSION, 1, Credential(1, 1000, 1000, (), "host"), client, 700, "tcp")


@pytest.fixture
async def told(world: Any) -> list[Any]:
    await world.all_kinds()
    return []


@pytest.fixture
def mount(world: Any, told: list[Any]) -> Mount3:
    return Mount3(world.tree, Networks(), lambda *what: told.append(what))


async def status(mount: Mount3, path: bytes, client: str = "127.0.0.1") -> str:
    try:
        await mount.mnt(path, call(client))
    except Exception as error:
        result = await mount.failure(mount.table[1], error, path, call(client))
        return str(result.discriminant.name)
    return "MNT3_OK"


@pytest.mark.parametrize(
    ("path", "same"),
    [
        (b"", ""),
        (b"/", ""),
        (b"//", ""),
        (b"/runs/", "runs"),
        (b"runs/r1/files/logs", "runs/r1/files/logs"),
        (b"/./runs//r1", "runs/r1"),
        (b"/projects/team/vision", ""),
        (b"/projects/team/vision/runs", "runs"),
        (b"/projects/other/second", "projects/other/second"),
        (b"/sweeps/s1/runs/r1/files", "runs/r1/files"),
        (b"/artifacts/collections/model/latest", "artifacts/collections/model/v0"),
    ],
)
async def test_mnt(world: Any, mount: Mount3, told: list[Any], path: bytes, same: str) -> None:
    found = await mount.mnt(path, call())
    assert found.fhandle == world.tree.handle(await world.walk(same))
    assert found.auth_flavors == (1, 0)
    assert told == [(call(), path.decode())]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (b"/nothing", "MNT3ERR_NOENT"),
        (b"/runs/r1/metadata.json", "MNT3ERR_NOTDIR"),
        (b"/runs/r1/metadata.json/x", "MNT3ERR_NOTDIR"),
        (b"/runs/../runs", "MNT3ERR_ACCES"),
        (b"/ru\0ns", "MNT3ERR_ACCES"),
        (b"/\xff", "MNT3ERR_NOENT"),
        (b"/" + b"x" * 256, "MNT3ERR_NAMETOOLONG"),
    ],
)
async def test_what_cannot_be_mounted(mount: Mount3, told: list[Any], path: bytes, expected: str) -> None:
    assert await status(mount, path) == expected
    assert told == []


async def test_only_allowed_networks(mount: Mount3, told: list[Any]) -> None:
    assert await status(mount, b"/", "10.0.0.1") == "MNT3ERR_ACCES"
    assert told == []
    assert await mount.export(None, call("10.0.0.1")) == ()


async def test_a_bug_is_serverfault(world: Any, mount: Mount3, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(world.tree, "node", None)
    assert await status(mount, b"/") == "MNT3ERR_SERVERFAULT"


async def test_export_lists_the_root_and_each_project(mount: Mount3) -> None:
    found = await mount.export(None, call())
    assert [node.ex_dir for node in found] == [b"/", b"/projects/team/vision", b"/projects/other/second"]
    assert [group.gr_name for group in found[0].ex_groups] == [b"127.0.0.0/8", b"::1/128"]


async def test_nothing_is_remembered(mount: Mount3) -> None:
    await mount.mnt(b"/", call())
    assert await mount.dump(None, call()) == ()
    await mount.umnt(b"/never/mounted", call())
    await mount.umntall(None, call())


async def test_only_mnt_can_fail(mount: Mount3) -> None:
    with pytest.raises(OSError, match="told"):
        await mount.failure(mount.table[5], OSError("told"), None, call())


def test_components() -> None:
    assert components(b"/a//./b/") == ["a", "b"]
    assert components(b"") == []
