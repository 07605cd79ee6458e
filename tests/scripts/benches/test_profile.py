"""The profile: a figure for each stage of each kind of call, and the stages of a call sum up."""

from __future__ import annotations

import pytest
from benches import cli, profile


def test_the_table_has_each_stage_of_each_kind_of_call(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["profile", "--quick"]) == 0
    head, _, kinds, _, *rows = capsys.readouterr().out.splitlines()
    assert head.endswith("in microseconds a call:")
    assert kinds.count("|") == 7
    figures = {}
    for row in rows:
        _, stage, *cells, _ = row.split("|")
        figures[stage.strip()] = [float(cell) for cell in cells]
    assert tuple(figures) == profile.STAGES
    *stages, together, alone = figures.values()
    for parts, whole, one in zip(zip(*stages, strict=True), together, alone, strict=True):
        assert sum(parts) == pytest.approx(whole, abs=0.03)
        assert 0 < parts[0] < whole
        assert one > 0
