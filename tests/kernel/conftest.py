"""One guest and one daemon for all kernel tests; skipped only where no guest can run, with the reason."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from kernel_client import Machine, why_not
from kernel_content import MOUNT, SECOND, fill
from kernel_daemon import Daemon


@pytest.fixture(scope="session")
def machine() -> Iterator[Machine]:
    """The guest, booted once."""
    reason = why_not()
    if reason is not None:
        pytest.skip(reason)
    machine = Machine()
    machine.sh(f"mkdir -p {MOUNT} {SECOND}")
    yield machine
    machine.stop()


@pytest.fixture(scope="session")
def daemon(machine: Machine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """The daemon with its default flags, and what `kernel_content` puts there."""
    daemon = Daemon(machine, tmp_path_factory.mktemp("kernel") / "data")
    daemon.start()
    fill(daemon)
    yield daemon
    assert daemon.stop() == 0


@pytest.fixture
def mount(machine: Machine, daemon: Daemon) -> Iterator[str]:
    """The daemon's tree, mounted without any option, with a cold cache."""
    machine.sh(f"mount -t nfs localhost:/ {MOUNT}")
    yield MOUNT
    machine.sh(f"umount {MOUNT} || umount -l {MOUNT}")  # what a failed test left running may hold it
