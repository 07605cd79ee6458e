"""Medians, ratios and verdicts."""

from __future__ import annotations

import pytest
from benches.stats import Aim, judge, quantile, ratio


def test_a_quantile_lies_between_its_neighbours() -> None:
    assert quantile([3, 1, 2], 0.5) == 2
    assert quantile([1, 2], 0.5) == 1.5
    assert quantile([10, 20, 30, 40, 50], 0.99) == pytest.approx(49.6)
    assert quantile([7], 0.99) == 7
    with pytest.raises(ValueError, match="no values"):
        quantile([], 0.5)


def test_a_ratio_is_the_median_of_the_rounds_ratios() -> None:
    # The machine is ten times slower in the last two rounds: medians of each server alone would say 200/11.
    assert ratio([200, 200, 200, 20, 22], [100, 100, 110, 10, 11]) == 2


def test_a_ratio_needs_the_same_rounds() -> None:
    with pytest.raises(ValueError, match="2 rounds of ours against 1"):
        ratio([1, 2], [1])
    with pytest.raises(ValueError, match="0 rounds"):
        ratio([], [])


@pytest.mark.parametrize(
    ("figure", "verdict"), [(1.5, "want"), (1.49, "bound"), (1.0, "bound"), (0.99, "short")]
)
def test_more_is_better(figure: float, verdict: str) -> None:
    assert Aim("peer", 1.0, 1.5).verdict(figure) == verdict


@pytest.mark.parametrize(
    ("figure", "verdict"), [(12, "want"), (12.1, "bound"), (25, "bound"), (25.1, "short")]
)
def test_less_is_better(figure: float, verdict: str) -> None:
    assert Aim(None, 25, 12, "less").verdict(figure) == verdict


def test_an_aim_may_have_only_one_limit() -> None:
    assert Aim("peer", 1.3, None).verdict(9) == "bound"
    assert Aim("peer", None, 0.65).verdict(0.64) == "short"
    assert Aim("peer", None, None).verdict(1) == ""


def test_an_aim_reads_as_its_limits() -> None:
    assert str(Aim("peer", 1.0, 1.5)) == ">= 1 / 1.5"
    assert str(Aim(None, None, 12, "less")) == "<= 12"


def test_a_row_is_judged_against_each_peer_that_was_measured() -> None:
    aims = (Aim("a", 1.0, 2.0), Aim("absent", 1.0, 2.0), Aim(None, 100, 10, "less"))
    judged = judge(aims, {"runfs": [30, 60, 90], "a": [20, 20, 30]})
    assert [(one.aim.peer, one.figure, one.verdict) for one in judged] == [
        ("a", 3, "want"),
        (None, 60, "bound"),
    ]
