"""What /metrics says of the NFS side: calls by procedure and status, and the time they took.

A call costs one look-up in a dict; the text is made when somebody asks for it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from nfsd.rpc import Observer

log = logging.getLogger(__name__)

PROGRAMS = {100000: "portmap", 100003: "nfs", 100005: "mount", 100021: "nlm", 100024: "status"}


class Calls(Collector):
    """Counts every call of every program; a prometheus collector."""

    def __init__(self) -> None:
        self._tally: dict[tuple[int, str, str], list[float]] = {}

    def __call__(self, program: int, procedure: str, status: str, seconds: float) -> None:
        """Count one call that is over."""
        tally = self._tally.get((program, procedure, status))
        if tally is None:
            tally = self._tally[program, procedure, status] = [0, 0.0]
        tally[0] += 1
        tally[1] += seconds

    def collect(self) -> Iterator[Metric]:
        """The counts so far, as prometheus wants them."""
        labels = ("program", "procedure", "status")
        calls = CounterMetricFamily("runfs_rpc_calls", "RPC calls answered.", labels=labels)
        seconds = CounterMetricFamily("runfs_rpc_seconds", "Time spent on RPC calls.", labels=labels)
        for (program, procedure, status), (count, spent) in sorted(self._tally.items()):
            values = (PROGRAMS.get(program, str(program)), procedure, status)
            calls.add_metric(values, count)
            seconds.add_metric(values, spent)
        yield calls
        yield seconds


def logged(count: Observer) -> Observer:
    """`count`, and a line at debug for every call."""

    def observe(program: int, procedure: str, status: str, seconds: float) -> None:
        count(program, procedure, status, seconds)
        name = PROGRAMS.get(program, str(program))
        log.debug("%s %s %s in %.0f us", name, procedure, status, seconds * 1e6)

    return observe
