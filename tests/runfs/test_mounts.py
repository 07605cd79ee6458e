from __future__ import annotations

from pathlib import Path

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
    assert mounts.is_mounted(Path("/proc"))
    assert not mounts.is_mounted(tmp_path)
    assert not mounts.is_stale(Mounted("proc", Path("/proc"), "proc"))
    assert mounts.is_stale(Mounted("x", tmp_path / "gone", "nfs"))
