"""scripts/bench http: PUT and GET of one large file against SeaweedFS's S3 door and nginx, in turn.

Ours and SeaweedFS hash what they take; nginx does not, and stands beside them as what writing alone costs.
Ours also makes it durable before it answers, which costs what the disk costs: `--in /dev/shm` shows the rest.
"""

from __future__ import annotations

import contextlib
import hashlib
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from benches import dataset, http_peers, peers, transfer
from benches.api import Api
from benches.report import Row, publish
from benches.stats import Aim

if TYPE_CHECKING:
    from benches.cli import Plan

SERVERS = ("runfs", "seaweedfs", "nginx")
MIB, QUICK_MIB = 1024, 128


class Contest:
    """The servers, and their rates by round."""

    def __init__(self, api: Api, weed: http_peers.SeaweedFS, nginx: http_peers.HttpPeer, size: int) -> None:
        self.api, self.weed, self.nginx, self.size = api, weed, nginx, size
        self.puts: dict[str, list[float]] = {name: [] for name in SERVERS}
        self.gets: dict[str, list[float]] = {name: [] for name in SERVERS}

    def round(self, name: str, source: Path) -> None:
        """Each server takes the file, then gives it back; the first GET is verified, the second timed."""
        digest = hashlib.sha256(source.read_bytes()).hexdigest()
        plain = f"http://127.0.0.1:{self.nginx.port}/{name}"
        self.api.create_run(name)
        self.puts["runfs"].append(self._rate(_put_ours, self.api, name, source, digest))
        self.puts["seaweedfs"].append(self._rate(transfer.put, self.weed.signed("PUT", name), source, {}))
        self.puts["nginx"].append(self._rate(transfer.put, plain, source, {}))
        signed = self.weed.signed("GET", name)
        for server, url in zip(SERVERS, (self.api.content_url(name), signed, plain), strict=True):
            headers = self.api.headers if server == "runfs" else {}
            transfer.get(url, headers, digest)
            self.gets[server].append(self._rate(transfer.get, url, headers))
        self.api.delete_run(name)
        self.weed.client().delete_object(Bucket=http_peers.BUCKET, Key=name)
        transfer.delete(plain)

    def _rate(self, request: Callable[..., object], *arguments: object) -> float:
        """MiB per second of a request for the whole file."""
        began = time.perf_counter()
        request(*arguments)
        return self.size / (time.perf_counter() - began) / (1 << 20)


def _put_ours(api: Api, run_id: str, source: Path, digest: str) -> None:
    """Asked for, sent and registered: what it takes until readers see it."""
    upload = api.request_upload(run_id, "large.bin", source.stat().st_size, digest)
    for part in upload["parts"] or []:
        transfer.put(part["upload_url"], source, part["headers"], part["offset"], part["size"])
    if not upload["parts"]:
        transfer.put(upload["upload_url"], source, upload["headers"])
    api.register(run_id, upload)


def run(plan: Plan) -> None:
    """The whole bench: servers, rounds, the table."""
    size = (QUICK_MIB if plan.quick else MIB) << 20
    data, source = plan.work / "data", plan.work / "large.bin"
    ours, http_port = peers.runfs(plan.work, data, "--grace", "0")
    weed, nginx = http_peers.seaweedfs(plan.work), http_peers.nginx(plan.work)
    with contextlib.ExitStack() as closing:
        for server in (ours, weed, nginx):
            closing.callback(server.stop)
            server.start()
        pattern = closing.enter_context(contextlib.closing(dataset.Pattern(plan.programs)))
        contest = Contest(Api(http_port, data), weed, nginx, size)
        for number in range(plan.rounds):
            pattern.write(f"round-{number}", size, source)  # other bytes: what is stored already is not sent
            contest.round(f"round-{number}", source)
        held = {"runfs": [ours.daemon.memory_mib(data)], "seaweedfs": [weed.daemon.memory_mib()]}
    rows = [
        Row(f"PUT {size >> 20:,} MiB", "MiB/s", contest.puts, (Aim("seaweedfs", 2.0, 3.5),)),
        Row(f"GET {size >> 20:,} MiB", "MiB/s", contest.gets, (Aim("nginx", 0.9, 1.0),)),
        Row("memory after all rounds", "MiB", held),
    ]
    publish("http", rows, SERVERS, plan.json_file, {"data on": plan.file_system})
