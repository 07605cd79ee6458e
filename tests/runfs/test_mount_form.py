from __future__ import annotations

from pathlib import Path

import pytest

from runfs import mount_form
from runfs.mount_form import Reach
from runfs.settings import Address

HERE = Address("127.0.0.1", 2049)
WHOLE = Reach(HERE, True, True, True, True, True)


def form(found: Reach, path: str = "/", system: str = "Linux") -> str:
    return " ".join(mount_form.command(found, path, Path("/mnt/wandb"), system))


def test_the_plain_form_where_all_is_known() -> None:
    assert form(WHOLE) == "mount -t nfs -o ro localhost:/ /mnt/wandb"
    assert form(WHOLE, "/projects/a/b") == "mount -t nfs -o ro localhost:/projects/a/b /mnt/wandb"


def test_no_locks_without_a_lock_manager() -> None:
    found = Reach(HERE, True, True, True, True, knows_locks=False)
    assert form(found) == "mount -t nfs -o ro,nolock localhost:/ /mnt/wandb"


@pytest.mark.parametrize(
    "found",
    [
        Reach(HERE, True),
        Reach(HERE, True, has_portmapper=True),
        Reach(HERE, True, has_portmapper=True, knows_nfs=True),
        Reach(HERE, True, has_portmapper=True, knows_status=True, knows_locks=True),
    ],
)
def test_the_explicit_form_where_anything_is_missing(found: Reach) -> None:
    options = "ro,vers=3,proto=tcp,port=2049,mountproto=tcp,mountport=2049,nolock"
    assert form(found) == f"mount -t nfs -o {options} localhost:/ /mnt/wandb"


def test_another_port_is_named() -> None:
    found = Reach(Address("127.0.0.1", 5000), True, True, True, True, True)
    assert "port=5000,mountproto=tcp,mountport=5000" in form(found)


def test_macos() -> None:
    assert form(WHOLE, system="Darwin") == (
        "mount -t nfs -o vers=3,tcp,port=2049,mountport=2049,nolocks,rdonly localhost:/ /mnt/wandb"
    )


@pytest.mark.parametrize(
    ("host", "named"),
    [("127.0.0.1", "localhost"), ("0.0.0.0", "localhost"), ("::1", "[::1]"), ("10.0.0.1", "10.0.0.1")],
)
def test_hosts(host: str, named: str) -> None:
    assert mount_form.host(Address(host, 1)) == named


def test_conf_names_every_port() -> None:
    lines = mount_form.conf(Address("127.0.0.1", 5000)).splitlines()
    assert lines[1:] == [
        '[ Server "localhost" ]',
        *("nfsvers=3", "proto=tcp", "port=5000", "mountproto=tcp", "mountport=5000", "lock=False"),
    ]


def test_the_line_for_a_shell() -> None:
    assert mount_form.explicit_mount(HERE).startswith("mount -t nfs -o ro,vers=3,proto=tcp,port=2049,")
