from __future__ import annotations

import asyncio
import os
import threading
from pathlib import Path
from typing import Any

import pytest

from runfs import doctor
from runfs.__main__ import main
from runfs.mount_form import Reach
from runfs.mounts import Mounted
from runfs.probe import NOT_ALLOWED
from runfs.settings import Address

HERE = Address("127.0.0.1", 2049)


def blocking(findings: Any) -> list[str]:
    return [finding.text for finding in findings if finding.blocks]


def test_a_whole_machine(
    here: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(doctor, "of_machine", lambda system: iter(()))
    assert main(["doctor"]) == 0
    shown = capsys.readouterr().out
    assert f"NFS answers at {here.nfs}" in shown
    assert "A mount would work" in shown


def test_no_daemon(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--nfs", "127.0.0.1:1"]) == 1
    shown = capsys.readouterr().out
    assert "nothing answers at 127.0.0.1:1" in shown
    assert "start `runfs serve`" in shown
    assert "would not work" in shown


def test_another_server_on_the_port(here: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--nfs", here.http.removeprefix("http://")]) == 1
    assert "gives no NFS answer" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (Reach(HERE, True, True, True, True, True), "need no ports"),
        (Reach(HERE, True, True, True, True, False), "locks would hang"),
        (Reach(HERE, True), "must name their ports"),
        (Reach(HERE, True, True), "does not know the daemon has port 111"),
    ],
)
def test_portmappers(found: Reach, said: str) -> None:
    findings = list(doctor.of_daemon(found, is_open=True))
    assert not blocking(findings)
    assert any(said in finding.text for finding in findings)


def test_a_machine_without_a_client(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "has_mount_nfs", lambda: False)
    monkeypatch.setattr(doctor, "knows_nfs", lambda filesystems, modules: False)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    findings = list(doctor.of_machine("Linux"))
    assert blocking(findings) == ["mount.nfs is not installed", "this kernel has no NFS client"]
    assert all(finding.remedy for finding in findings if finding.blocks)
    assert findings[-1].remedy == "use sudo"


def test_the_kernels_client(tmp_path: Path) -> None:
    table = tmp_path / "filesystems"
    table.write_text("nodev\tproc\n\text4\n")
    assert not doctor.knows_nfs(table, tmp_path)
    (tmp_path / "kernel/fs/nfs").mkdir(parents=True)
    (tmp_path / "kernel/fs/nfs/nfs.ko.xz").touch()
    assert doctor.knows_nfs(table, tmp_path)
    table.write_text("nodev\tnfs\n")
    assert doctor.knows_nfs(table, tmp_path / "none")


def test_a_mount_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [Mounted("localhost:/", Path("/mnt/dead"), "nfs"), Mounted("proc", Path("/proc"), "proc")]
    monkeypatch.setattr(doctor, "mounts", lambda: found)
    monkeypatch.setattr(doctor, "is_stale", lambda mounted: mounted.type == "nfs")
    [finding] = doctor.of_mounts()
    assert "/mnt/dead" in finding.text
    assert "`runfs umount /mnt/dead`" in finding.remedy


def test_all_that_may_hang_is_asked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    together = threading.Barrier(3, timeout=60)  # broken, if one of them waits for another

    async def reach(address: Address) -> Reach:
        await asyncio.to_thread(together.wait)
        return Reach(address, serves=False)

    monkeypatch.setattr(doctor, "reach", reach)
    monkeypatch.setattr(doctor, "is_open", lambda address: together.wait() >= 0)
    monkeypatch.setattr(doctor, "mounts", lambda: [Mounted("localhost:/", Path("/mnt/dead"), "nfs")])
    monkeypatch.setattr(doctor, "is_stale", lambda mounted: together.wait() >= 0)
    assert main(["doctor", "--nfs", "127.0.0.1:1"]) == 1


def test_a_daemon_that_refuses() -> None:
    [finding] = doctor.of_export(NOT_ALLOWED)
    assert finding.blocks
    assert "--allow" in finding.remedy
    assert not list(doctor.of_export(None))
