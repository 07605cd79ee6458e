"""One guest and one daemon for all kernel tests; skipped only where no guest can run, with the reason."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from kernel_client import Machine, why_not
from kernel_content import MOUNT, SECOND, fill
from kernel_daemon import Daemon


@pytest.fixture(scope="session")
def booting() -> Iterator[Machine]:
    """The guest, which may not be ready yet."""
    reason = why_not()
    if reason is not None:
        pytest.skip(reason)
    machine = Machine()
    yield machine
    machine.stop()


@pytest.fixture(scope="session")
def daemon(booting: Machine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """The daemon with its default flags, and what `kernel_content` puts there."""
    daemon = Daemon(booting, tmp_path_factory.mktemp("kernel") / "data")
    daemon.start()
    fill(daemon)
    yield daemon
    assert daemon.stop() == 0


@pytest.fixture(scope="session")
def machine(booting: Machine, daemon: Daemon) -> Machine:
    """The guest, booted once, while the daemon was started."""
    booting.ready()
    booting.sh(f"mkdir -p {MOUNT} {SECOND}")
    return booting


@pytest.fixture(scope="module")
def mounted(machine: Machine, daemon: Daemon) -> Iterator[str]:
    """The daemon's tree, mounted without any option."""
    machine.sh(f"mount -t nfs localhost:/ {MOUNT}")
    yield MOUNT
    machine.sh(f"umount {MOUNT} || umount -l {MOUNT}")  # what a failed test left running may hold it


@pytest.fixture
def mount(machine: Machine, mounted: str) -> str:
    """The plain mount with a cold cache: the kernel has forgotten all that it had read of it."""
    machine.sh("echo 3 >/proc/sys/vm/drop_caches")
    return mounted


@pytest.fixture(scope="module")
def second(machine: Machine, daemon: Daemon) -> Iterator[str]:
    """Another plain mount of the same tree, which shares nothing with `mount`."""
    machine.sh(f"mount -t nfs -o nosharecache localhost:/ {SECOND}")
    yield SECOND
    machine.sh(f"umount {SECOND} || umount -l {SECOND}")
