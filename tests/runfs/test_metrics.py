from __future__ import annotations

import logging

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from runfs.metrics import Calls, logged


def test_calls_are_counted_by_procedure_and_status() -> None:
    calls = Calls()
    registry = CollectorRegistry()
    registry.register(calls)
    for key, seconds in [
        ((100003, "GETATTR", "OK"), 0.25),
        ((100003, "GETATTR", "OK"), 0.5),
        ((100003, "LOOKUP", "NFS3ERR_NOENT"), 1.0),
        ((4, "NULL", "OK"), 0.0),
    ]:
        calls.tallies.of(*key).calls += 1
        calls.tallies.of(*key).seconds += seconds
    text = generate_latest(registry).decode()
    assert 'runfs_rpc_calls_total{procedure="GETATTR",program="nfs",status="OK"} 2.0' in text
    assert 'runfs_rpc_seconds_total{procedure="GETATTR",program="nfs",status="OK"} 0.75' in text
    assert 'runfs_rpc_calls_total{procedure="LOOKUP",program="nfs",status="NFS3ERR_NOENT"} 1.0' in text
    assert 'program="4"' in text


def test_one_line_a_call_at_debug(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, "runfs.metrics"):
        logged(100005, "MNT", "OK", 0.001)
    assert [record.getMessage() for record in caplog.records] == ["mount MNT OK in 1000 us"]
