"""The runs table's columns: offered, chosen, remembered."""

import json
from typing import Any

from httpapi.page import columns
from store.catalog.rows import Run


def run(summary: object, config: object = None) -> Run:
    fields: dict[str, Any] = dict.fromkeys(Run._fields, 0)
    return Run(**fields | {"summary": json.dumps(summary), "config": json.dumps(config or {})})


def test_choices_are_the_plain_values() -> None:
    runs = [run({"loss": 1, "_step": 3, "deep": {"a": 1}}, {"lr": 0.1}), run({"acc": "high"})]
    assert columns.choices(runs, []) == ["summary.acc", "summary.loss", "config.lr"]
    assert "summary.gone" in columns.choices(runs, ["summary.gone"])


def test_default_is_a_few_numbers() -> None:
    values = {"name": "x", "flag": True, "_step": 1} | {f"k{i}": i for i in range(9)}
    assert columns.default([run(values)]) == [f"summary.k{i}" for i in range(columns.DEFAULT_COLUMNS)]


def test_valid() -> None:
    assert columns.valid(["summary.a", "x.a", "summary.", "", "config.b.c", "summary.a"]) == [
        "summary.a",
        "config.b.c",
    ]
    assert len(columns.valid(f"config.{i}" for i in range(99))) == columns.COLUMNS_MAX


def test_cell() -> None:
    assert columns.cell(run({"a.b": 3}), "summary.a.b") == 3
    assert columns.cell(run({}), "config.x") is None
    assert columns.cell(run([]), "summary.x") is None


def test_cookie_holds_any_name() -> None:
    chosen = ["summary.a,b", "config.ü;=", 'summary."']
    assert columns.from_cookie(columns.as_cookie(chosen)) == chosen
    assert columns.from_cookie(columns.as_cookie([])) == []
    assert columns.from_cookie(None) is None
    assert columns.as_cookie(["summary." + "x" * 5000]) is None
