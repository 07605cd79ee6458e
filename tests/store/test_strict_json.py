import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.errors import Refused
from store.strict_json import dumps, loads


def refuse(constant: str) -> None:
    raise AssertionError(f"{constant} is not strict JSON")


def test_numbers_that_json_has_not() -> None:
    value = {"b": float("nan"), "a": [float("inf"), -float("inf"), {"c": float("nan")}], "d": 1.5}
    assert dumps(value) == '{"a":["Infinity","-Infinity",{"c":"NaN"}],"b":"NaN","d":1.5}'


def test_bare_constants_are_read() -> None:
    assert dumps(loads('{"a": NaN, "b": -Infinity}')) == '{"a":"NaN","b":"-Infinity"}'


def test_text_is_valid_utf8() -> None:
    text = dumps({"a": "é\ud800"})
    assert text == '{"a":"é\\ud800"}'
    assert json.loads(text.encode()) == {"a": "é\ud800"}


@pytest.mark.parametrize("value", [{1, 2}, b"x", {(1, 2): 3}, object()])
def test_what_json_cannot_hold(value: object) -> None:
    with pytest.raises(Refused, match="not JSON"):
        dumps(value)


@pytest.mark.parametrize("text", ["", "{", "[1,]", b"\xff", "[" * 100_000])
def test_what_is_no_json(text: str | bytes) -> None:
    with pytest.raises(Refused, match="not JSON"):
        loads(text)


def test_too_deep() -> None:
    value: list[object] = []
    for _ in range(100_000):
        value = [value]
    with pytest.raises(Refused, match="not JSON"):
        dumps(value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=20,
)


@given(JSON)
def test_anything_is_strict_and_stable(value: object) -> None:
    text = dumps(value)
    parsed = json.loads(text.encode(), parse_constant=refuse)
    assert dumps(parsed) == text
    assert "\n" not in text
