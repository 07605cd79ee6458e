"""Every figure that was promised of NFS is measured, with its bound and what is wanted."""

from __future__ import annotations

from benches.nfs import MEASURES, SERVERS

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
