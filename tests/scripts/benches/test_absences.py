"""A peer that fails is left out of the bench, and ours is not."""

from __future__ import annotations

import subprocess

import pytest
from benches.absences import Absences
from benches.daemons import BenchError
from benches.report import Row


@pytest.mark.parametrize(
    "failure", [BenchError("no such program"), ConnectionError("gone"), subprocess.TimeoutExpired("x", 3)]
)
def test_a_failed_peer_is_missing_from_then_on(
    failure: Exception, capsys: pytest.CaptureFixture[str]
) -> None:
    absences = Absences()
    with absences.excused("peer"):
        raise failure
    assert "peer" in absences
    assert "other" not in absences
    assert absences.notes() == {"without peer": str(failure)}
    assert f"going on without peer: {failure}" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["runfs", "runfs on S3"])
def test_ours_is_never_excused(name: str) -> None:
    absences = Absences()
    with pytest.raises(BenchError, match="broken"), absences.excused(name):
        raise BenchError("broken")
    assert name not in absences


def test_a_bug_of_the_bench_is_not_a_peers_failure() -> None:
    with pytest.raises(ZeroDivisionError), Absences().excused("peer"):
        raise ZeroDivisionError


def test_what_a_missing_peer_did_before_is_struck() -> None:
    absences = Absences()
    with absences.excused("peer"):
        raise BenchError("in the second round")
    rows = [
        Row("a", "s", {"runfs": [1, 2], "peer": [3]}, details={"peer": {"cpu_us": 1}}),
        Row("b", "s", {"peer": [3]}),
    ]
    (row,) = absences.strike(rows)
    assert (row.title, row.rounds, row.details) == ("a", {"runfs": [1, 2]}, {})
