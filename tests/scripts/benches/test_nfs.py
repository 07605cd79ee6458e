"""Every figure that was promised of NFS is measured, with its bound and what is wanted."""

from __future__ import annotations

from pathlib import Path

import pytest
from benches import dataset
from benches.cli import Plan
from benches.daemons import BenchError
from benches.load import Flow
from benches.nfs import MEASURES, SERVERS, Arena, rounds

AIMS = {
    "GETATTR, 1 in flight": {"ganesha": (1.0, 1.5), "rclone": (1.3, None), "phys": (None, 0.65)},
    "LOOKUP, 1 in flight": {"ganesha": (1.0, 1.5), "rclone": (1.3, None), "phys": (None, 0.65)},
    "ACCESS, 1 in flight": {"ganesha": (1.0, 1.5), "rclone": (1.3, None), "phys": (None, 0.65)},
    "GETATTR, 16 in flight": {"ganesha": (3.0, 8.0)},
    "LOOKUP, 16 in flight": {"ganesha": (3.0, 8.0)},
    "GETATTR, 64 connections": {"ganesha": (1.0, 1.5)},
    "READ 4 KiB, 1 in flight": {"ganesha": (1.0, 1.4)},
    "READ 4 KiB, 16 in flight": {"ganesha": (2.0, 4.0)},
    "READ 1 MiB, sequential, 1 connection": {
        "ganesha": (1.0, 1.35),
        "rclone": (5.0, None),
        "phys": (None, 0.85),
    },
    "READ 1 MiB, sequential, 4 connections": {"ganesha": (1.0, 1.35), "rclone": (5.0, None)},
    "list 10,000 entries, warm": {"ganesha": (1.0, 0.15)},
    "crawl of the whole tree": {"ganesha": (1.0, 0.4)},
}


def test_every_promised_figure_is_measured_and_judged() -> None:
    judged = {
        measure.title: {str(aim.peer): (aim.bound, aim.want) for aim in measure.aims}
        for measure in MEASURES
        if measure.aims
    }
    assert judged == AIMS


def test_one_call_in_flight_shares_a_processor_and_nothing_else_does() -> None:
    for measure in MEASURES:
        alone = measure.command == "run" and "1 in flight" in measure.title
        assert measure.one_processor == alone, measure.title


def test_walks_are_shorter_is_better_and_not_of_the_canned_server() -> None:
    for measure in MEASURES:
        if measure.command != "run":
            assert "phys" not in measure.servers
            assert {aim.better for aim in measure.aims} == {"less"}
        assert set(measure.servers) <= set(SERVERS)


class Asked:
    """A load client's double: notes what it is asked, in one log for all, and answers with its rate."""

    def __init__(
        self, name: str, log: list[tuple[str, str]], rate: float, fails_at: int | None = None
    ) -> None:
        self.name, self.log, self.rate, self.fails_at = name, log, rate, fails_at
        self.closed = False

    def share_one_processor(self, shared: bool) -> None:
        """Nothing to pin."""

    def say(self, command: str, **options: object) -> Flow:
        """One answer, unless it is time to fail."""
        self.log.append((self.name, f"{command} {options.get('op', '')}".strip()))
        if self.fails_at is not None and sum(name == self.name for name, _ in self.log) > self.fails_at:
            raise BenchError("the server closed the connection")
        return Flow(1 << 20, int(self.rate), 1.0, 1.0, 2.0, 3.0)

    def close(self) -> None:
        """Ends it."""
        self.closed = True


def arena(tmp_path: Path, **loads: Asked) -> Arena:
    made = Arena(Plan(True, 2, tmp_path, tmp_path / "nfs.json"), dataset.QUICK, {})
    made.loads.update(loads)  # type: ignore[arg-type]
    return made


def test_servers_are_asked_in_turn_and_the_first_round_is_not_counted(tmp_path: Path) -> None:
    log: list[tuple[str, str]] = []
    doubles = {name: Asked(name, log, rate) for name, rate in (("runfs", 300), ("ganesha", 100))}
    rows = rounds(arena(tmp_path, **doubles), 2, 0.1)
    assert len(log) == 3 * len(MEASURES) * 2
    assert [name for name, _ in log] == ["runfs", "ganesha"] * (3 * len(MEASURES))
    assert rows[0].rounds == {"runfs": [300, 300], "ganesha": [100, 100]}
    assert rows[0].judged[0].figure == 3
    assert rows[0].details["runfs"] == {"p50_us": 1.0, "p99_us": 2.0, "cpu_us": 3.0}


def test_rclones_walks_are_taken_once(tmp_path: Path) -> None:
    log: list[tuple[str, str]] = []
    doubles = {name: Asked(name, log, 100) for name in ("runfs", "rclone")}
    rows = {row.title: row for row in rounds(arena(tmp_path, **doubles), 3, 0.1)}
    assert [what for name, what in log if name == "rclone"].count("crawl") == 1
    assert rows["crawl of the whole tree"].rounds["rclone"] == [1000.0]  # of one second, in milliseconds
    assert len(rows["GETATTR, 1 in flight"].rounds["rclone"]) == 3


def test_a_peer_that_fails_is_left_out_and_its_client_ended(tmp_path: Path) -> None:
    log: list[tuple[str, str]] = []
    failing = Asked("ganesha", log, 100, fails_at=len(MEASURES) + 2)  # in the first counted round
    made = arena(tmp_path, runfs=Asked("runfs", log, 300), ganesha=failing)
    rows = rounds(made, 2, 0.1)
    assert all(set(row.rounds) == {"runfs"} and len(row.rounds["runfs"]) == 2 for row in rows)
    assert made.absences.notes() == {"without ganesha": "the server closed the connection"}
    assert failing.closed
    assert "ganesha" not in made.loads


def test_ours_failing_ends_the_bench(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="closed the connection"):
        rounds(arena(tmp_path, runfs=Asked("runfs", [], 1, fails_at=3)), 2, 0.1)
