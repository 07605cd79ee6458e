"""Which bytes an answer carries."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from httpapi.ranges import Part, Unsatisfiable, chosen_part, tag_matches

TAG = '"abc"'


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, Part(0, 100, False)),
        ("bytes=0-0", Part(0, 1, True)),
        ("bytes=0-", Part(0, 100, True)),
        ("bytes=99-", Part(99, 100, True)),
        ("bytes=10-19", Part(10, 20, True)),
        ("bytes=90-1000", Part(90, 100, True)),
        ("bytes=-1", Part(99, 100, True)),
        ("bytes=-1000", Part(0, 100, True)),
        ("BYTES=1-2", Part(1, 3, True)),
        ("bytes=5-4", Part(0, 100, False)),
        ("bytes=", Part(0, 100, False)),
        ("bytes=-", Part(0, 100, False)),
        ("bytes=a-b", Part(0, 100, False)),
        ("bytes=0-1,5-6", Part(0, 100, False)),
        ("lines=0-1", Part(0, 100, False)),
        ("bytes=٣-٤", Part(0, 100, False)),
    ],
)
def test_range_header(header: str | None, expected: Part) -> None:
    assert chosen_part(100, header, None, TAG) == expected


@pytest.mark.parametrize(
    ("size", "header"), [(100, "bytes=100-"), (100, "bytes=-0"), (0, "bytes=0-"), (0, "bytes=-5")]
)
def test_ranges_past_the_end(size: int, header: str) -> None:
    with pytest.raises(Unsatisfiable):
        chosen_part(size, header, None, TAG)


@pytest.mark.parametrize(
    ("if_range", "partial"),
    [
        (None, True),
        (TAG, True),
        (f"W/{TAG}", False),
        ('"other"', False),
        ("Sun, 06 Nov 1994 08:49:37 GMT", False),
    ],
)
def test_if_range(if_range: str | None, partial: bool) -> None:
    assert chosen_part(100, "bytes=0-9", if_range, TAG).partial is partial


@given(st.integers(0, 300), st.integers(0, 300), st.integers(0, 300))
def test_parts_lie_within_the_file(size: int, first: int, last: int) -> None:
    try:
        part = chosen_part(size, f"bytes={first}-{last}", None, TAG)
    except Unsatisfiable:
        assert first >= size
        return
    assert 0 <= part.start <= part.stop <= size
    if part.partial:
        assert list(range(size))[first : last + 1] == list(range(part.start, part.stop))


@pytest.mark.parametrize(
    ("header", "weak", "expected"),
    [
        (None, True, False),
        ("*", True, True),
        (TAG, True, True),
        (TAG, False, True),
        (f"W/{TAG}", True, True),
        (f"W/{TAG}", False, False),
        (f'"x", {TAG} , "y"', True, True),
        ('"abcd"', True, False),
        ("abc", True, False),
        ('"a,b", "c"', True, False),
    ],
)
def test_entity_tags(header: str | None, weak: bool, expected: bool) -> None:
    assert tag_matches(header, TAG, weak) is expected
