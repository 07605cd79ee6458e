"""The JSON of runs."""

import pytest
from pydantic import ValidationError

from httpapi.models.runs import Finish, NewRun, Run
from store.catalog import rows

S = 10**9


def test_the_document_of_a_row() -> None:
    row = rows.Run(
        1, 2, 3, None, "r1", "R", "failed", 3, "u", "h", "p", "n", "g", "j", '["t"]', '{"a": 1}', '{"b": 2}',
        *(10, 100, S, 20, 200, S, S, 2 * S, S, 3 * S, None),
    )  # fmt: skip
    run = Run.of(row, "team/vision", "s1", rows.Fileset(3, 2, 4, 50, 0, None, S, 5 * S))
    assert Run.model_validate_json(run.model_dump_json()) == run
    assert (run.id, run.path, run.sweep, run.group) == ("r1", "team/vision/r1", "s1", "g")
    assert (run.tags, run.config, run.summary) == (["t"], {"a": 1}, {"b": 2})
    assert (run.history_lines, run.console_lines, run.files, run.bytes) == (10, 20, 4, 50)
    assert [
        time and time[17:19] for time in (run.created_at, run.updated_at, run.heartbeat_at, run.finished_at)
    ] == [*("01", "05", "03", None)]


def test_new_runs_share_no_state() -> None:
    NewRun().config["a"] = 1
    assert NewRun().config == {}


def test_a_run_does_not_end_as_running() -> None:
    with pytest.raises(ValidationError):
        Finish.model_validate({"state": "running"})
