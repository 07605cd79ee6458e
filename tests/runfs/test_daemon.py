"""The whole daemon: what is written through HTTP is what NFS shows, at once."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import urllib3

from nfsd.client import Client
from runfs.settings import NFS_PORT, Address


async def mounted(served: Any) -> Client:
    address = Address.parse(served.nfs, NFS_PORT)
    return await Client.mount(address.host, address.port)


async def text(client: Client, path: str) -> str:
    found = await client.walk(path)
    data = b"".join([bytes(part) async for part in client.read(found)])
    assert len(data) == found.attributes.size
    return data.decode()


async def test_a_change_through_http_is_in_the_next_nfs_call(served: Any) -> None:
    async with await mounted(served) as client:
        for rate in (0.25, 0.75, 0.5):
            await asyncio.to_thread(served.ask, "PATCH", "/api/v1/runs/r1", {"config": {"rate": rate}})
            assert json.loads(await text(client, "/runs/r1/metadata.json"))["config"] == {"rate": rate}
        await asyncio.to_thread(served.ask, "POST", "/api/v1/runs", {"project": "team/vision", "id": "new"})
        runs = await client.walk("/runs")
        assert "new" in [entry.name async for entry in client.list(runs)]
        await asyncio.to_thread(served.ask, "DELETE", "/api/v1/runs/new")
        assert "new" not in [entry.name async for entry in client.list(runs)]


async def test_mounts_are_logged_and_audited(served: Any) -> None:
    (await mounted(served)).close()
    logged = [json.loads(line) for line in served.log.read_text().splitlines()]
    [*_, mount] = [line for line in logged if line["message"] == "mount"]
    assert (mount["level"], mount["path"], mount["client"]) == ("info", "/", "127.0.0.1")
    assert any(line["level"] == "debug" and "MNT OK" in line["message"] for line in logged)
    audited = [json.loads(line) for line in (served.data.parent / "audit").read_text().splitlines()]
    assert {"event": "mount", "path": "/", "client": "127.0.0.1"}.items() <= audited[-1].items()


async def test_metrics_count_calls(served: Any) -> None:
    (await mounted(served)).close()
    key = (served.data / "key").read_text().strip()
    answer = await asyncio.to_thread(
        urllib3.request, "GET", f"{served.http}/metrics", headers={"Authorization": f"Bearer {key}"}
    )
    assert b'runfs_rpc_calls_total{procedure="GETATTR",program="nfs",status="OK"}' in answer.data


async def test_health(served: Any) -> None:
    assert served.ask("GET", "/healthz") == {"status": "ok"}
