"""Values become strict JSON, whatever a script logs."""

from __future__ import annotations

import argparse
import dataclasses
import datetime
import enum
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdk.values import ARRAY_MAX, TEXT_MAX, encode, plain

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(exclude_categories=["Cs"]))
)
documents = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
)


def strict(text: bytes) -> Any:
    def refuse(name: str) -> None:
        raise ValueError(name)

    return json.loads(text, parse_constant=refuse)


def without_nan(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, list):
        return [without_nan(item) for item in value]
    if isinstance(value, dict):
        return {key: without_nan(item) for key, item in value.items()}
    return value


@given(documents)
def test_json_comes_back_as_it_was_but_for_numbers_that_json_lacks(document: Any) -> None:
    assert strict(encode(document)) == without_nan(document) == plain(document)


def test_the_documented_strings() -> None:
    row = {"a": float("nan"), "b": [float("inf")], "c": {"d": -float("inf")}}
    assert encode(row) == b'{"a":"NaN","b":["Infinity"],"c":{"d":"-Infinity"}}'


class Colour(enum.Enum):
    RED = 1


class Level(enum.IntEnum):
    HIGH = 3


@dataclasses.dataclass
class Point:
    x: int
    y: float


class Tensor:
    """What a tensor of another library looks like."""

    shape = (2,)

    def tolist(self) -> list[float]:
        return [1.0, float("nan")]


class Unprintable:
    def __str__(self) -> str:
        return "x" * (TEXT_MAX + 1)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (np.float32(0.5), 0.5),
        (np.float64("nan"), "NaN"),
        (np.float32("inf"), "Infinity"),
        (np.int64(7), 7),
        (np.bool_(True), True),
        (np.arange(3), [0, 1, 2]),
        (np.array(2.5), 2.5),
        (np.zeros((2, ARRAY_MAX)), f"<array of shape (2, {ARRAY_MAX})>"),
        (Tensor(), [1.0, "NaN"]),
        ({"k": (1, 2)}, {"k": [1, 2]}),
        ({1: "a", (2, 3): "b"}, {"1": "a", "(2, 3)": "b"}),
        ({3, 1}, [1, 3]),
        (Path("/a/b"), "/a/b"),
        (datetime.date(2026, 1, 2), "2026-01-02"),
        (Point(1, math.inf), {"x": 1, "y": "Infinity"}),
        (Colour.RED, "Colour.RED"),
        (Level.HIGH, 3),
        (1 + 2j, "(1+2j)"),
        ("half \ud800", "half ?"),
        (Unprintable(), "x" * TEXT_MAX),
        (argparse.ArgumentParser, str(argparse.ArgumentParser)),
        (b"\xff", "b'\\xff'"),
    ],
)
def test_other_values_have_a_form_in_json(value: Any, expected: Any) -> None:
    assert strict(encode({"v": value})) == {"v": expected}
    assert plain(value) == expected


def test_what_contains_itself_ends() -> None:
    loop: dict[str, Any] = {}
    loop["again"] = loop
    assert strict(encode(loop))["again"]["again"]


def test_numbers_too_long_to_print() -> None:
    assert strict(encode({"v": 1 << 20_000})) == {"v": hex(1 << 20_000)}
    assert strict(encode({"v": 1 << 2_000})) == {"v": 1 << 2_000}
