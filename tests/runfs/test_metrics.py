from __future__ import annotations

from prometheus_client import CollectorRegistry, generate_latest

from nfsd.rpc import Tallies
from runfs.metrics import Calls


def test_calls_are_counted_by_procedure_and_status() -> None:
    tallies = Tallies()
    registry = CollectorRegistry()
    registry.register(Calls(tallies))
    for key, seconds in [
        ((100003, "GETATTR", "OK"), 0.25),
        ((100003, "GETATTR", "OK"), 0.5),
        ((100003, "LOOKUP", "NFS3ERR_NOENT"), 1.0),
        ((4, "NULL", "OK"), 0.0),
    ]:
        tallies.of(*key).calls += 1
        tallies.of(*key).seconds += seconds
    text = generate_latest(registry).decode()
    assert 'runfs_rpc_calls_total{procedure="GETATTR",program="nfs",status="OK"} 2.0' in text
    assert 'runfs_rpc_seconds_total{procedure="GETATTR",program="nfs",status="OK"} 0.75' in text
    assert 'runfs_rpc_calls_total{procedure="LOOKUP",program="nfs",status="NFS3ERR_NOENT"} 1.0' in text
    assert 'program="4"' in text
