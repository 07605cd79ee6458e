"""scripts/bench nfs: calls, reads, listings and walks against nfs-ganesha, rclone and the C limit, in turn.

Every round asks every server for every measure, one server after the other (A B C A B C), so that what else
the machine does falls on all. Ratios are taken inside a round, then their median.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING

from benches import dataset, own, peers
from benches.absences import Absences
from benches.api import Api
from benches.load import Flow, Load
from benches.report import OWN, Row, publish
from benches.stats import Aim

if TYPE_CHECKING:
    from benches.cli import Plan

SECONDS, QUICK_SECONDS = 0.5, 0.15
SERVERS = ("runfs", "ganesha", "rclone", "phys")
MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Measure:
    """One row of the table: a command of the load client, and what of its answer counts."""

    title: str
    unit: str
    command: str
    options: dict[str, str | int]
    value: Callable[[Flow], float]
    aims: tuple[Aim, ...]
    one_processor: bool = (
        False  # one call in flight: no server gains from a second processor, and noise is less
    )
    servers: tuple[str, ...] = SERVERS


def _rate(flow: Flow) -> float:
    return flow.rate


def _calls(
    title: str, aims: tuple[Aim, ...], servers: tuple[str, ...] = SERVERS, **options: str | int
) -> Measure:
    alone = options.get("depth", 1) == 1 and options.get("connections", 1) == 1
    return Measure(title, "calls/s", "run", options, _rate, aims, alone, servers)


def _stream(connections: int) -> Measure:
    options: dict[str, str | int] = {"op": "stream", "below": dataset.LARGE, "size": MIB, "depth": 4}
    aims: tuple[Aim, ...] = (Aim("ganesha", 1.0, 1.35), Aim("rclone", 5.0, None))
    if connections == 1:
        aims += (Aim("phys", None, 0.85),)
    title = f"READ 1 MiB, sequential, {connections} connection{'s' if connections > 1 else ''}"
    return Measure(
        title, "MiB/s", "run", {**options, "connections": connections}, lambda flow: flow.mib_s, aims
    )


def _walk(title: str, command: str, below: str, aim: Aim) -> Measure:
    return Measure(
        title, "ms", command, {"below": below}, lambda flow: flow.seconds * 1e3, (aim,), servers=SERVERS[:3]
    )


ONE_AT_A_TIME = (Aim("ganesha", 1.0, 1.5), Aim("rclone", 1.3, None), Aim("phys", None, 0.65))
PIPELINED = (Aim("ganesha", 3.0, 8.0),)
MEASURES = (
    _calls("GETATTR, 1 in flight", ONE_AT_A_TIME, op="getattr"),
    _calls("LOOKUP, 1 in flight", ONE_AT_A_TIME, op="lookup"),
    _calls("ACCESS, 1 in flight", ONE_AT_A_TIME, op="access"),
    _calls("GETATTR, 16 in flight", PIPELINED, op="getattr", depth=16),
    _calls("LOOKUP, 16 in flight", PIPELINED, op="lookup", depth=16),
    _calls("GETATTR, 16 in flight, every object", (), SERVERS[:2], op="getattr", depth=16, targets=0),
    _calls("GETATTR, 64 connections", (Aim("ganesha", 1.0, 1.5),), op="getattr", connections=64),
    _calls("READ 4 KiB, 1 in flight", (Aim("ganesha", 1.0, 1.4),), op="read"),
    _calls("READ 4 KiB, 16 in flight", (Aim("ganesha", 2.0, 4.0),), op="read", depth=16),
    _stream(1),
    _stream(4),
    _walk("list 10,000 entries, warm", "list", dataset.FLAT, Aim("ganesha", 1.0, 0.15, "less")),
    _walk("crawl of the whole tree", "crawl", "", Aim("ganesha", 1.0, 0.4, "less")),
)
# rclone looks through every handle it ever gave out on each call. It is measured fresh, with one run's
# handles, and its listings, which take seconds, once.
RCLONE_SEES = "runs/run-0000"


@dataclass
class Arena:
    """The servers that run, each with its load client."""

    plan: Plan
    shape: dataset.Shape
    peers: dict[str, peers.Peer]
    absences: Absences = field(default_factory=Absences)
    loads: dict[str, Load] = field(default_factory=dict)

    def connect(self, name: str) -> None:
        """A new load client for a server, with its targets."""
        if name in self.loads:
            self.loads.pop(name).close()
        load = self.loads[name] = self.peers[name].load(self.plan.programs)
        if name == "phys":
            load.say("canned", targets=1000, size=self.shape.large_mib, below=dataset.LARGE)
        elif name == "rclone":
            load.say("crawl", below=RCLONE_SEES)
        else:
            load.say("crawl")

    def renew_rclone(self) -> None:
        """rclone as it is after its start."""
        if "rclone" in self.peers:
            with self.absences.excused("rclone"):
                self.peers["rclone"].stop()
                self.peers["rclone"].start()
                self.connect("rclone")
            self.drop_absent()

    def drop_absent(self) -> None:
        """Ends whoever failed, with its client."""
        for name in self.absences.reasons:
            if name in self.loads:
                self.loads.pop(name).close()
            if name in self.peers:
                self.peers.pop(name).stop()

    def close(self) -> None:
        """Ends clients and servers."""
        for load in self.loads.values():
            load.close()
        for peer in self.peers.values():
            peer.stop()


def rounds(arena: Arena, count: int, seconds: float) -> list[Row]:
    """Every measure on every server, `count` times over: one row a measure.

    A round before the first is not counted: all servers have seen their targets once.
    """
    rows = [Row(measure.title, measure.unit, {}, measure.aims) for measure in MEASURES]
    flows: dict[tuple[str, str], list[Flow]] = {}
    for number in range(-1, count):
        arena.renew_rclone()
        for measure, row in zip(MEASURES, rows, strict=True):
            options = {"seconds": seconds, **measure.options} if measure.command == "run" else measure.options
            for name, load in arena.loads.items():
                slow = name == "rclone" and measure.command != "run"
                if name not in measure.servers or (slow and number):
                    continue
                with arena.absences.excused(name):
                    load.share_one_processor(measure.one_processor)
                    flow = load.say(measure.command, **options)
                    if number >= 0:
                        row.rounds.setdefault(name, []).append(measure.value(flow))
                        flows.setdefault((measure.title, name), []).append(flow)
            arena.drop_absent()
    for row in arena.absences.strike(rows):
        for name in row.rounds:
            seen = flows[row.title, name]
            row.details[name] = {
                key: median(getattr(flow, key) for flow in seen) for key in ("p50_us", "p99_us", "cpu_us")
            }
    return rows


def run(plan: Plan) -> None:
    """The whole bench: data, servers, rounds, our own figures, the table."""
    shape = dataset.QUICK if plan.quick else dataset.Shape()
    folder, data, large = plan.work / "folder", plan.work / "data", plan.work / "large.bin"
    objects = dataset.make_and_copy(plan, shape, data, folder)
    ours, http_port = peers.runfs(plan.work, data)
    beside: dict[str, Callable[[], peers.Peer]] = {
        "ganesha": lambda: peers.ganesha(plan.work, folder),
        "rclone": lambda: peers.rclone(plan.work, folder),
        "phys": lambda: peers.phys(plan.work, plan.programs, large),
    }
    listed = own.after_listing(plan, data)
    arena = Arena(plan, shape, {OWN: ours})
    with contextlib.closing(arena), contextlib.closing(dataset.Pattern(plan.programs)) as pattern:
        cold = own.cold(ours, plan)
        arena.connect(OWN)
        arena.loads[OWN].say("verify", below=dataset.LARGE)
        for name, made in beside.items():
            with arena.absences.excused(name):
                arena.peers[name] = made()
                arena.peers[name].start()
                arena.connect(name)
                if name == "ganesha":
                    arena.loads[name].say("verify", below=dataset.LARGE)
            arena.drop_absent()
        rows = rounds(arena, plan.rounds, QUICK_SECONDS if plan.quick else SECONDS)
        rows += [*cold, listed, own.memory(arena.peers, plan.work, objects)]
        api = Api(http_port, data)
        rows.append(own.during_upload(arena.loads[OWN], api, pattern, plan, shape.large_bytes))
    rows += own.growth(plan)
    publish(
        "nfs", rows, SERVERS, plan.json_file, {**plan.notes, "objects": objects, **arena.absences.notes()}
    )
