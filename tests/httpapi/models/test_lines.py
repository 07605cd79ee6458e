"""The JSON of history and console lines."""

import pytest
from pydantic import ValidationError

from httpapi.models.lines import LINES_MAX, HistoryQuery, NewConsole, NewHistory


def test_a_history_line_is_an_object_or_its_text() -> None:
    assert NewHistory(first_line=0, lines=[{"a": 1}, '{"a": 2}']).lines == [{"a": 1}, '{"a": 2}']
    for wrong in (5, [1], None):
        with pytest.raises(ValidationError):
            NewHistory.model_validate({"first_line": 0, "lines": [wrong]})


def test_bounds() -> None:
    for model in (NewHistory, NewConsole):
        with pytest.raises(ValidationError):
            model.model_validate({"first_line": -1, "lines": []})
        with pytest.raises(ValidationError):
            model.model_validate({"first_line": 0, "lines": [""] * (LINES_MAX + 1)})
    with pytest.raises(ValidationError):
        HistoryQuery.model_validate({"points": "0"})
