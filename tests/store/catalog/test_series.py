"""Numbers of a history: exact while few, thinned without losing peaks when many."""

from __future__ import annotations

import json
from typing import Any

import pytest

from store.catalog import Catalog, lines, series
from store.catalog.sqlite import Transaction


@pytest.fixture
async def run_id(put: Any, project_id: int, fileset_id: int) -> int:
    return int(await put("runs", project_id=project_id, fileset_id=fileset_id, name="r"))


async def log(catalog: Catalog, run_id: int, rows: list[dict[str, Any]]) -> None:
    async def work(tx: Transaction) -> None:
        await lines.append(tx, run_id, lines.HISTORY, 0, [json.dumps(row).encode() for row in rows])

    await catalog.write(work)


async def test_exact(catalog: Catalog, run_id: int) -> None:
    rows = [
        {"_step": 5, "a": 1, "b/c d": -2.5},
        {"_step": 6, "x": 1},
        {"a": 7, "b/c d": "word"},
        {"a": None},
    ]
    await log(catalog, run_id, rows)
    found = await series.points(catalog.read, run_id, 0, 4, ["a", "b/c d"], 10)
    assert found.width == 1
    assert found.step == [5, 2]
    assert found.series["a"].mean == [1, 7]
    assert found.series["b/c d"].mean == [-2.5, None]


async def test_thinned(catalog: Catalog, run_id: int) -> None:
    await log(
        catalog, run_id, [{"_step": i, "_timestamp": i * 2, "a": -9 if i == 13 else i} for i in range(95)]
    )
    found = await series.points(catalog.read, run_id, 0, 95, ["a"], 10)
    assert found.width == 16
    assert found.line == list(range(0, 95, 16))
    assert found.step[0] == 7.5
    assert found.time[0] == 15
    assert found.series["a"].least == [-9, *range(16, 95, 16)]
    assert found.series["a"].greatest == [*range(15, 95, 16), 94]


@pytest.mark.parametrize("stretch", [1, 7, 1000])
async def test_stretches_join_up(
    catalog: Catalog, run_id: int, monkeypatch: pytest.MonkeyPatch, stretch: int
) -> None:
    await log(catalog, run_id, [{"a": i} for i in range(50)])
    whole = await series.points(catalog.read, run_id, 3, 47, ["a"], 9)
    monkeypatch.setattr(series, "STRETCH_LINES", stretch)
    assert await series.points(catalog.read, run_id, 3, 47, ["a"], 9) == whole
    assert whole.step[0] == 3


async def test_keys(catalog: Catalog, run_id: int) -> None:
    rows: list[dict[str, Any]] = [{"first": 1, "text": "x", 'odd"\\': 1}]
    rows += [{"middle": 1}] * 200 + [{"last": 2.5, "flag": True}]
    await log(catalog, run_id, rows)
    assert await series.keys_in(catalog.read, run_id, len(rows)) == ["first", 'odd"\\', "middle", "last"]


async def test_keys_of_any_spelling(catalog: Catalog, run_id: int) -> None:
    keys = ['a"', "b\\", "') --", "ü\u202e", " ", ""]
    await log(catalog, run_id, [dict.fromkeys(keys, 3)])
    found = await series.points(catalog.read, run_id, 0, 1, keys, 10)
    assert {key: each.mean for key, each in found.series.items()} == {key: [3] for key in keys}


async def test_long_lines_are_read_one_by_one(
    catalog: Catalog, run_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(series, "STRETCH_BYTES", 10)
    await log(catalog, run_id, [{"a": i, "text": "x" * 100} for i in range(5)])
    assert (await series.points(catalog.read, run_id, 0, 5, ["a"], 10)).series["a"].mean == [0, 1, 2, 3, 4]


async def test_more_lines_than_there_are(catalog: Catalog, run_id: int) -> None:
    await log(catalog, run_id, [{"a": 1}])
    assert (await series.points(catalog.read, run_id, 0, 99, ["a"], 100)).step == [0]


async def test_rough(catalog: Catalog, run_id: int) -> None:
    await log(catalog, run_id, [{"a": -i} for i in range(95)])
    found = await series.rough(catalog.read, run_id, 95, ["a"], 10)
    assert found.line == found.step == list(range(0, 95, 10))
    assert found.series["a"].mean == [-line for line in found.line]
    assert found.width == 10


async def test_nothing(catalog: Catalog, run_id: int) -> None:
    found = await series.points(catalog.read, run_id, 0, 0, ["a"], 10)
    assert (found.width, found.step) == (1, [])


async def test_nested_values_have_dotted_names(catalog: Catalog, run_id: int) -> None:
    rows: list[dict[str, Any]] = [
        {"train": {"loss": 2, "deep": {"x/y": 3}}, "flat.name": 4, "list": [1], "a": {"b": [5]}},
        {"train": {"loss": 1}, "flat.name": "word"},
    ]
    await log(catalog, run_id, rows)
    keys = await series.keys_in(catalog.read, run_id, 2)
    assert keys == ["flat.name", "train.loss", "train.deep.x/y"]
    found = await series.points(catalog.read, run_id, 0, 2, keys, 10)
    assert found.series["train.loss"].mean == [2, 1]
    assert found.series["train.deep.x/y"].mean == [3, None]
    assert found.series["flat.name"].mean == [4, None]
