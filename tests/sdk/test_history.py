"""Rows and steps as wandb's users know them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sdk.history import ROW_MAX_BYTES, History


class Kept:
    """What a history gave away."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []
        self.warnings: list[str] = []

    def keep(self, row: dict[str, Any], line: bytes) -> None:
        assert set(json.loads(line)) == set(row)
        self.rows.append(
            {key: value for key, value in json.loads(line).items() if key not in ("_timestamp", "_runtime")}
        )


@pytest.fixture
def kept() -> Kept:
    return Kept()


@pytest.fixture
def history(kept: Kept) -> History:
    return History(kept.keep, kept.warnings.append)


def test_each_log_is_a_row(history: History, kept: Kept) -> None:
    history.log({"a": 1}, None, None)
    history.log({"a": 2}, None, None)
    assert kept.rows == [{"a": 1, "_step": 0}, {"a": 2, "_step": 1}]


def test_uncommitted_values_join_the_next_row(history: History, kept: Kept) -> None:
    history.log({"a": 1}, None, False)
    assert kept.rows == []
    history.log({"b": 2}, None, None)
    assert kept.rows == [{"a": 1, "b": 2, "_step": 0}]


def test_a_given_step_waits_for_the_next_one(history: History, kept: Kept) -> None:
    history.log({"a": 1}, 5, None)
    history.log({"b": 2}, 5, None)
    assert kept.rows == []
    history.log({"a": 3}, 9, None)
    assert kept.rows == [{"a": 1, "b": 2, "_step": 5}]
    history.flush()
    history.flush()
    assert kept.rows[1:] == [{"a": 3, "_step": 9}]
    history.log({"a": 4}, 10, True)
    assert kept.rows[2:] == [{"a": 4, "_step": 10}]
    assert history.step == 11


def test_steps_only_grow(history: History, kept: Kept) -> None:
    history.log({"a": 1}, 3, True)
    history.log({"a": 2}, 3, True)
    history.log({"a": 2}, 2, True)
    assert kept.rows == [{"a": 1, "_step": 3}]
    assert len(kept.warnings) == 1
    assert "step 3 is below the current step 4" in kept.warnings[0]


def test_the_callers_dictionary_is_left_as_it_was(history: History) -> None:
    data = {"a": 1}
    history.log(data, None, None)
    assert data == {"a": 1}


def test_time_is_in_every_row() -> None:
    rows: list[dict[str, Any]] = []
    history = History(lambda row, line: rows.append(row), lambda text: None)
    history.log({}, None, None)
    assert rows[0]["_timestamp"] > 1.7e9
    assert 0 <= rows[0]["_runtime"] < 60


def test_a_huge_row_is_an_error_and_the_next_one_is_not(history: History, kept: Kept) -> None:
    with pytest.raises(ValueError, match="save a file instead"):
        history.log({"a": "x" * ROW_MAX_BYTES}, None, None)
    history.log({"b": 1}, None, None)
    assert kept.rows == [{"b": 1, "_step": 0}]
