from __future__ import annotations

from pathlib import Path

import pytest

from runfs import mounts
from runfs.mounts import Mounted


def test_linux_table() -> None:
    lines = [
        "proc /proc proc rw,nosuid 0 0",
        r"localhost:/ /mnt/with\040blank\134\011 nfs rw,vers=3,addr=127.0.0.1 0 0",
    ]
    assert mounts.from_table(lines) == [
        Mounted("proc", Path("/proc"), "proc"),
        Mounted("localhost:/", Path("/mnt/with blank\\\t"), "nfs"),
    ]


def test_macos_listing() -> None:
    lines = ["/dev/disk1s1 on / (apfs, local)", "localhost:/ on /Users/a b/runs (nfs, nodev)", "nonsense"]
    assert mounts.from_listing(lines) == [
        Mounted("/dev/disk1s1", Path("/"), "apfs"),
        Mounted("localhost:/", Path("/Users/a b/runs"), "nfs"),
    ]


def test_this_machine(tmp_path: Path) -> None:
    found = mounts.mounted_on(Path("/proc"))
    assert found is not None
    assert found.type == "proc"
    assert mounts.mounted_on(tmp_path) is None
    assert not mounts.is_stale(Mounted("proc", tmp_path / "gone", "proc"))
    assert mounts.is_stale(Mounted("x", tmp_path / "gone", "nfs"))


def test_the_last_of_several_mounts_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = ["tmpfs /mnt tmpfs rw 0 0", "localhost:/ /mnt nfs ro 0 0", "proc /proc proc rw 0 0"]
    monkeypatch.setattr(mounts, "mounts", lambda: mounts.from_table(lines))
    assert mounts.mounted_on(Path("/mnt")) == Mounted("localhost:/", Path("/mnt"), "nfs")
