from __future__ import annotations

from typing import Any

import pytest

from runfs.readiness import check_nfs
from runfs.settings import NFS_PORT, Address


async def test_ready(served: Any) -> None:
    await check_nfs(Address.parse(served.nfs, NFS_PORT))
    assert served.ask("GET", "/readyz")


async def test_not_ready() -> None:
    with pytest.raises(OSError, match="Connect call failed"):
        await check_nfs(Address("127.0.0.1", 1))
