"""Buckets of history lines: what they hold, however the lines come."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from store.catalog.thinning import GREATEST, Thinning, number_names, parsed


def encoded(*documents: Any) -> list[bytes]:
    return [json.dumps(document).encode() + b"\n" for document in documents]


def test_few_lines_are_kept_exactly() -> None:
    thinning = Thinning(["a"], 7, 10)
    thinning.add(encoded({"a": 1}, {"b": 2}, {"a": 3, "_step": 50, "_timestamp": 4}))
    found = thinning.points()
    assert (found.width, found.line, found.step, found.time) == (1, [7, 9], [7, 50], [None, 4])
    assert found.series["a"].mean == found.series["a"].least == found.series["a"].greatest == [1, 3]


@given(
    st.lists(st.one_of(st.none(), st.integers(-99, 99)), max_size=70),
    st.integers(1, 9),
    st.lists(st.integers(1, 9), max_size=9),
    st.booleans(),
)
def test_however_the_lines_come(values: list[int | None], most: int, cuts: list[int], told: bool) -> None:
    thinning = Thinning(["a"], 0, most, len(values) if told else 0)
    left = encoded(*({"a": value} for value in values))
    for cut in [*cuts, len(left)]:
        thinning.add(left[:cut])
        left = left[cut:]
    width = 1
    while width * most < len(values):
        width *= 2
    found = thinning.points()
    buckets = [
        (start, there)
        for start in range(0, len(values), width)
        if (there := [value for value in values[start : start + width] if value is not None])
    ]
    assert found.width == width
    assert found.line == [start for start, _ in buckets]
    assert found.series["a"].mean == [sum(there) / len(there) for _, there in buckets]
    assert found.series["a"].least == [min(there) for _, there in buckets]
    assert found.series["a"].greatest == [max(there) for _, there in buckets]


def test_what_is_no_number_and_what_is_too_large() -> None:
    thinning = Thinning(["a"], 0, 1)
    values = [True, "1", None, [1], {"a": 1}, 10**400, GREATEST * 10, -GREATEST * 10]
    thinning.add([*encoded(*({"a": value} for value in values)), b'{"a": NaN}\n', b'{"a": -Infinity}\n'])
    assert thinning.points().step == []
    thinning.add(encoded({"a": -2}))
    assert thinning.points().series["a"].greatest == [-2]


def test_a_line_that_is_no_object_keeps_its_place() -> None:
    assert parsed([b'{"a":1}\n', b"[1]\n", b"1,2\n", b"no\n", b'{"b":2}\n']) == [
        {"a": 1},
        {},
        {},
        {},
        {"b": 2},
    ]
    deep = b'{"a":' + b"[" * 300 + b"]" * 300 + b"}"
    assert parsed([deep])[0].keys() == {"a"}
    assert parsed([b"[" * 100_000]) == [{}]


def test_dots_are_names_or_ways_within() -> None:
    thinning = Thinning(["a.b", "a.b.c", "x.y.z", "."], 0, 10)
    thinning.add(encoded({"a.b": 1, "a": {"b": {"c": 2}}, "x.y": {"z": 3}, "": {"": 4}}))
    found = thinning.points()
    assert {key: each.mean for key, each in found.series.items()} == {
        "a.b": [1],
        "a.b.c": [2],
        "x.y.z": [3],
        ".": [4],
    }


def test_number_names() -> None:
    document = {"a": 1, "text": "x", "b": {"c": 2.5, "d": {"e": 1}, "no": [1]}, "flag": True, "": 0}
    assert set(number_names(document)) == {"a", "b.c", "b.d.e", ""}


def test_how_much_it_holds() -> None:
    thinning = Thinning(["a", "b"], 0, 4)
    assert len(thinning) == 0
    thinning.add(encoded(*[{"a": 1}] * 100))
    assert len(thinning) == 4 * 4 * 4
