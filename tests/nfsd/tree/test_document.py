"""metadata.json."""

from __future__ import annotations

import json
from typing import Any

import pytest

from nfsd.tree import document
from store.catalog.rows import Fileset, Run, Sweep

RUN = Run(
    *(1, 2, 3, None, "a1b2", "my run", "finished", 0, "ada", "host", "train.py", "notes", "g", "job"),
    *('["x","é"]', '{"lr":0.1}', '{"loss":"NaN"}', 3, 30, 1, 4, 40, 1),
    *(1_700_000_000_123_456_789, 1_700_000_001_000_000_000, 1, 1_700_000_002_000_000_000, None),
)
FILES = Fileset(3, 2, 7, 1234, 0, None, 1, 1)


def test_a_run_as_text() -> None:
    text = document.of_run(RUN, "team/vision", "s1", FILES)
    assert text == (
        b'{\n  "bytes": 1234,\n  "config": {\n    "lr": 0.1\n  },\n  "console_lines": 4,\n'
        b'  "created_at": "2023-11-14T22:13:20.123456Z",\n  "display_name": "my run",\n  "exit_code": 0,\n'
        b'  "files": 7,\n  "finished_at": null,\n  "group": "g",\n'
        b'  "heartbeat_at": "2023-11-14T22:13:22.000000Z",\n  "history_lines": 3,\n  "host": "host",\n'
        b'  "id": "a1b2",\n  "job_type": "job",\n  "name": "a1b2",\n  "notes": "notes",\n'
        b'  "path": "team/vision/a1b2",\n  "program": "train.py",\n  "project": "team/vision",\n'
        b'  "state": "finished",\n  "summary": {\n    "loss": "NaN"\n  },\n  "sweep": "s1",\n'
        b'  "tags": [\n    "x",\n    "\xc3\xa9"\n  ],\n  "updated_at": "2023-11-14T22:13:21.000000Z",\n'
        b'  "user": "ada"\n}\n'
    )


def test_a_sweep() -> None:
    sweep = Sweep(1, 2, "s1", "", "running", "bayes", '{"metric":{"name":"loss"}}', 1, 2, 3)
    value = json.loads(document.of_sweep(sweep, "team/vision", {"failed": 1, "running": 2}, ("a", 0.5)))
    assert value["best_run"] == {"run": "a", "value": 0.5}
    assert value["runs"] == 3
    assert value["run_states"] == {"failed": 1, "running": 2}
    assert value["config"] == {"metric": {"name": "loss"}}
    assert json.loads(document.of_sweep(sweep, "team/vision", {}, None))["best_run"] is None


def test_deep_and_odd_values_are_still_strict_json() -> None:
    deep = '{"a":' * 700 + "1" + "}" * 700
    value = json.loads(
        document.of_run(RUN._replace(config=deep, notes="\ud800"), "t/v", None, None), parse_constant=refuse
    )
    assert value["notes"] == "\ud800"
    assert json.dumps(value["config"], separators=(",", ":")) == deep


def refuse(constant: str) -> Any:
    raise AssertionError(f"{constant} is not JSON")


@pytest.mark.parametrize(
    ("time_ns", "text"),
    [(0, "1970-01-01T00:00:00.000000Z"), (1_999, "1970-01-01T00:00:00.000001Z"), (None, None)],
)
def test_times(time_ns: int | None, text: str | None) -> None:
    assert document.time_text(time_ns) == text
