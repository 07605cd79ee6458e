"""Where a list goes on."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from httpapi.cursors import cursor_of, place_of
from httpapi.problems import Problem


@given(st.text(), st.integers(-(2**63) + 1, 2**63 - 1))
def test_a_place_survives(text: str, number: int) -> None:
    cursor = cursor_of("path asc", [text, number])
    assert cursor.isascii()
    assert place_of(cursor, "path asc", (str, int)) == [text, number]


@pytest.mark.parametrize("cursor", ["", "!", "a", "é", "bnVsbA", "W10", "WyJwYXRoIGFzYyIsMV0", "[" * 4000])
def test_other_texts_are_refused(cursor: str) -> None:
    with pytest.raises(Problem) as caught:
        place_of(cursor, "path asc", (str, int))
    assert caught.value.status == 422


def test_a_cursor_belongs_to_one_order() -> None:
    cursor = cursor_of("path asc", ["a", 1])
    for order, shape in (("path desc", (str, int)), ("path asc", (int, int)), ("path asc", (str,))):
        with pytest.raises(Problem):
            place_of(cursor, order, shape)


@pytest.mark.parametrize("number", [True, 2**63, -(2**64), 1.5])
def test_numbers_that_no_row_has(number: int) -> None:
    with pytest.raises(Problem):
        place_of(cursor_of("o", [number]), "o", (int,))
