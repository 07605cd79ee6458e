from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from daemon_process import start

from runfs.readiness import check_nfs
from runfs.settings import NFS_PORT, Address


async def test_ready(served: Any) -> None:
    await check_nfs(Address.parse(served.nfs, NFS_PORT))
    assert served.ask("GET", "/readyz")


async def test_asking_itself_is_no_mount_to_tell_of(served: Any) -> None:
    logs = served.log, served.data.parent / "audit"
    before = [log.read_text().count('"path": "/"') for log in logs]
    for _ in range(3):
        assert served.ask("GET", "/readyz")
    assert [log.read_text().count('"path": "/"') for log in logs] == before
    address = Address.parse(served.nfs, NFS_PORT)
    await check_nfs(address)  # from another process, which knows not what the daemon calls itself
    assert [log.read_text().count('"path": "/"') for log in logs] == [count + 1 for count in before]


async def test_ready_for_others_than_this_machine(tmp_path: Path) -> None:
    daemon = start(tmp_path / "data", "--allow", "10.0.0.0/8")
    assert daemon.ask("GET", "/readyz")
    assert daemon.stop() == 0


async def test_not_ready() -> None:
    with pytest.raises(OSError, match="Connect call failed"):
        await check_nfs(Address("127.0.0.1", 1))
