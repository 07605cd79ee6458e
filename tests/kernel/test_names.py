"""Names that no path can hold, of files, runs and projects, on the plain mount.

The kernel lists what the server sends, and opens each name that it lists.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest
from catalog_rows import add_files, add_projects, add_runs, opened
from kernel_client import Machine
from kernel_content import SECOND
from kernel_daemon import Daemon

UNFIT = {
    ".": "%2E",
    "..": "%2E%2E",
    "../../seed": "..%2F..%2Fseed",
    "/etc/passwd": "%2Fetc%2Fpasswd",
    "two\nlines": "two%0Alines",
    "\x1b[31mred": "%1B[31mred",
    "\x7f": "%7F",
    "": "%E2%88%85",
    "%2E%2E": "%252E%252E",
    "long" * 75: None,
}
"""Names that another door than our API may have let in, as they are shown; a long one ends in a hash."""


@pytest.fixture(scope="module")
def unfit(machine: Machine, daemon: Daemon) -> Iterator[str]:
    """An entity whose projects have such names; in one, `seed`, so have runs, and files of a run."""
    daemon.ask("POST", "/runs", {"project": "strange/seed", "id": "unfit-run"})
    daemon.ask("POST", "/runs", {"project": "strange/seed", "id": "unfit-files"})
    daemon.upload("unfit-files", "unfit/seed", b"seed")
    daemon.stop()
    with opened(daemon.data) as catalog:
        add_files(catalog, "unfit", list(UNFIT))
        add_runs(catalog, "unfit-run", list(UNFIT))
        add_projects(catalog, "seed", list(UNFIT))
    daemon.start()
    yield "projects/strange"
    daemon.ask("DELETE", "/projects/strange/seed")


def listed(machine: Machine, folder: str) -> set[str]:
    """The names in a folder, which are `UNFIT` as they are shown, and others."""
    read = machine.run('cd "$1" && find . -mindepth 1 -maxdepth 1 -print0', folder)
    assert read.status == 0
    names = [name.decode().removeprefix("./") for name in read.output.split(b"\0")[:-1]]
    assert len(set(names)) == len(names)
    [long] = (name for name in names if name.startswith("long"))
    assert re.fullmatch("(long)+l?o?n?~[0-9a-f]{32}", long)
    assert len(long) <= 255
    assert {shown for shown in UNFIT.values() if shown is not None} < set(names)
    return set(names)


def test_of_files(machine: Machine, unfit: str, mount: str) -> None:
    folder = f"{mount}/{unfit}/seed/runs/unfit-files/files/unfit"
    names = listed(machine, folder)
    assert len(names) == len(UNFIT) + 1
    assert machine.sh('cd "$1" && find . -type f -exec cat {} +', folder) == "seed" * len(names)


def test_of_runs(machine: Machine, unfit: str, mount: str) -> None:
    folder = f"{mount}/{unfit}/seed/runs"
    metadata = [machine.sh('cat "$1"', f"{folder}/{name}/metadata.json") for name in listed(machine, folder)]
    assert sorted(json.loads(text)["id"] for text in metadata) == sorted([*UNFIT, "unfit-run", "unfit-files"])


def test_of_projects(machine: Machine, unfit: str, mount: str) -> None:
    """Each is a folder, and an export by the name that is shown."""
    names = listed(machine, f"{mount}/{unfit}")
    assert len(names) == len(UNFIT) + 1
    for name in names:
        assert machine.sh('ls "$1"', f"{mount}/{unfit}/{name}").split() == ["artifacts", "runs", "sweeps"]
    for name in ("seed", "%2E%2E"):
        machine.sh('mount -t nfs "$1" "$2"', f"localhost:/{unfit}/{name}", SECOND)
        runs = machine.sh('ls "$1/runs"; umount "$1"', SECOND).split()
        assert bool(runs) == (name == "seed")
