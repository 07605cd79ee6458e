"""What /metrics says of the NFS side: calls by procedure and status, and the time they took.

The dispatches count; the text is made when somebody asks for it.
"""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from nfsd.rpc import Tallies
from runfs.nfs_side import PROGRAMS


class Calls(Collector):
    """Counts every call of every program; a prometheus collector over what the dispatches count."""

    def __init__(self, tallies: Tallies) -> None:
        self._tallies = tallies

    def collect(self) -> Iterator[Metric]:
        """The counts so far, as prometheus wants them."""
        labels = ("program", "procedure", "status")
        calls = CounterMetricFamily("runfs_rpc_calls", "RPC calls answered.", labels=labels)
        spent = "Time spent on RPC calls; those of one kind that are answered together share it evenly."
        seconds = CounterMetricFamily("runfs_rpc_seconds", spent, labels=labels)
        for program, procedure, status, tally in self._tallies:
            values = (PROGRAMS.get(program, str(program)), procedure, status)
            calls.add_metric(values, tally.calls)
            seconds.add_metric(values, tally.seconds)
        yield calls
        yield seconds
