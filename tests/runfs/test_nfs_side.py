"""What the daemon answers over RPC besides NFS, and who may ask."""

from __future__ import annotations

import logging
import socket
from pathlib import Path
from typing import Any

import pytest
from daemon_process import start

from nfsd.client import Client, NfsError
from nfsd.portmap import IPPROTO_TCP, IPPROTO_UDP, port_of
from nfsd.rpc.client import CallFailed, TcpCalls, UdpCalls
from runfs import nfs_side
from runfs.settings import NFS_PORT, Address


@pytest.mark.parametrize(("program", "version"), [(100003, 3), (100005, 3), (100021, 4), (100024, 1)])
async def test_programs_over_tcp(program: int, version: int, served: Any) -> None:
    address = Address.parse(served.nfs, NFS_PORT)
    calls = await TcpCalls.connect(address.host, address.port)
    assert await calls.call(program, version, 0) == b""
    calls.close()


async def test_a_portmapper_of_our_own_names_them_all(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    daemon = start(tmp_path / "data", "--portmap", f"127.0.0.1:{port}")
    nfs = Address.parse(daemon.nfs, NFS_PORT)
    calls = await UdpCalls.open("127.0.0.1")
    for program, version in ((100003, 3), (100005, 3), (100021, 4), (100024, 1)):
        assert await port_of(program, version, IPPROTO_TCP, "127.0.0.1", port) == nfs.port
        over_udp = await port_of(program, version, IPPROTO_UDP, "127.0.0.1", port)
        if program == 100003:
            assert over_udp == 0  # NFS itself is TCP only
        else:
            assert await calls.call("127.0.0.1", over_udp, program, version, 0) == b""
    calls.close()
    assert daemon.stop() == 0


async def test_only_allowed_networks(tmp_path: Path) -> None:
    daemon = start(tmp_path / "data", "--allow", "10.0.0.0/8", "--audit", str(tmp_path / "audit"))
    nfs = Address.parse(daemon.nfs, NFS_PORT)
    with pytest.raises(NfsError):
        await Client.mount(nfs.host, nfs.port)
    calls = await TcpCalls.connect(nfs.host, nfs.port)
    with pytest.raises(CallFailed):
        await calls.call(100003, 3, 19, bytes(64))
    calls.close()
    daemon.stop()
    assert '"event": "refused"' in (tmp_path / "audit").read_text()


def test_one_line_a_call_at_debug(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, "runfs.nfs_side"):
        nfs_side._logged(100005, "MNT", "OK", 0.001)
    assert [record.getMessage() for record in caplog.records] == ["mount MNT OK in 1000 us"]
