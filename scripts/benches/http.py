"""scripts/bench http: PUT and GET of one large file against SeaweedFS's S3 door and nginx, in turn.

Ours and SeaweedFS hash what they take; nginx does not, and stands beside them as what writing alone costs.
Ours also makes it durable before it answers, which costs what the disk costs: `--in /dev/shm` shows the rest.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benches import dataset, http_peers, peers, transfer
from benches.absences import Absences
from benches.api import Api
from benches.http_doors import Door, Nginx, Ours, Weed
from benches.report import OWN, Row, publish
from benches.stats import Aim

if TYPE_CHECKING:
    from benches.cli import Plan

SERVERS = (OWN, "seaweedfs", "nginx")
BESIDE: Mapping[str, tuple[Callable[[Path], Any], Callable[[Any], Door]]] = {
    "seaweedfs": (http_peers.seaweedfs, Weed),
    "nginx": (http_peers.nginx, Nginx),
}
MIB, QUICK_MIB = 1024, 128


class Contest:
    """The servers, and their rates by round."""

    def __init__(self, doors: dict[str, Door], size: int) -> None:
        self.doors, self.size = doors, size
        self.absences = Absences()
        self.puts: dict[str, list[float]] = {}
        self.gets: dict[str, list[float]] = {}

    def round(self, name: str, source: Path) -> None:
        """Each server takes the file, then gives it back; the first GET is verified, the second timed."""
        with source.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        for server in self._there():
            os.sync()  # nobody pays for what the last one left in memory
            with self.absences.excused(server):
                rate = self._rate(self.doors[server].put, name, source, digest)
                self.puts.setdefault(server, []).append(rate)
        for server in self._there():
            with self.absences.excused(server):
                url, headers = self.doors[server].where(name)
                transfer.get(url, headers, digest)
                self.gets.setdefault(server, []).append(self._rate(transfer.get, url, headers))
                self.doors[server].delete(name)

    def _there(self) -> list[str]:
        return [server for server in self.doors if server not in self.absences]

    def _rate(self, request: Callable[..., object], *arguments: object) -> float:
        """MiB per second of a request for the whole file."""
        began = time.perf_counter()
        request(*arguments)
        return self.size / (time.perf_counter() - began) / (1 << 20)


def run(plan: Plan) -> None:
    """The whole bench: servers, rounds, the table."""
    size = (QUICK_MIB if plan.quick else MIB) << 20
    data, source = plan.work / "data", plan.work / "large.bin"
    ours, http_port = peers.runfs(plan.work, data, "--grace", "0")
    daemons = {OWN: ours.daemon}
    with contextlib.ExitStack() as closing:
        closing.callback(ours.stop)
        ours.start()
        contest = Contest({OWN: Ours(Api(http_port, data))}, size)
        for name, (made, door) in BESIDE.items():
            with contest.absences.excused(name):
                server = made(plan.work)
                closing.callback(server.stop)
                server.start()
                daemons[name] = server.daemon
                contest.doors[name] = door(server)
        pattern = closing.enter_context(contextlib.closing(dataset.Pattern(plan.programs)))
        for number in range(plan.rounds):
            pattern.write(f"round-{number}", size, source)  # other bytes: what is stored already is not sent
            contest.round(f"round-{number}", source)
        held = {name: [daemons[name].memory_mib(plan.work)] for name in (OWN, "seaweedfs") if name in daemons}
    rows = [
        Row(f"PUT {size >> 20:,} MiB", "MiB/s", contest.puts, (Aim("seaweedfs", 2.0, 3.5),)),
        Row(f"GET {size >> 20:,} MiB", "MiB/s", contest.gets, (Aim("nginx", 0.9, 1.0),)),
        Row("memory after all rounds", "MiB", held),
    ]
    notes = {**plan.notes, **contest.absences.notes()}
    publish("http", contest.absences.strike(rows), SERVERS, plan.json_file, notes)
