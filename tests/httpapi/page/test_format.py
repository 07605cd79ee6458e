"""Sizes, times and numbers as people read them."""

import math

import pytest

from httpapi.page import format

DAY_NS = 86_400_000_000_000


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "0.98 KiB"),
        (1024, "1.00 KiB"),
        (1536, "1.50 KiB"),
        (10 * 1024, "10.0 KiB"),
        (123 * 1024, "123 KiB"),
        (1024**2, "1.00 MiB"),
        (5 * 1024**3, "5.00 GiB"),
        (2**63, "8192 PiB"),
    ],
)
def test_size(count: int, text: str) -> None:
    assert format.size(count) == text


def test_count() -> None:
    assert format.count(1, "file") == "1 file"
    assert format.count(12345, "file") == "12,345 files"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-1, "0 s"),
        (0.9, "0 s"),
        (59, "59 s"),
        (60, "1 m"),
        (200, "3 m 20 s"),
        (7500, "2 h 5 m"),
        (273600, "3 d 4 h"),
    ],
)
def test_duration(seconds: float, text: str) -> None:
    assert format.duration(seconds) == text


@pytest.mark.parametrize(
    ("ago_ns", "text"),
    [
        (-5, "now"),
        (4_000_000_000, "now"),
        (59_000_000_000, "59 s ago"),
        (60_000_000_000, "1 m ago"),
        (3_700_000_000_000, "1 h ago"),
        (DAY_NS, "1 d ago"),
        (29 * DAY_NS, "29 d ago"),
        (31 * DAY_NS, "1970-02-01"),
    ],
)
def test_age(ago_ns: int, text: str) -> None:
    then = DAY_NS * 31
    assert format.age(then, then + ago_ns) == text


def test_moment() -> None:
    assert format.moment(1_700_000_000_999_999_999) == "2023-11-14 22:13:20"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (True, "true"),
        (12345678, "12345678"),
        (0.1234567, "0.12346"),
        (1.5e-7, "1.5e-07"),
        (123456.7, "123456.7"),
        (1.5e9, "1.5e+09"),
        (0.0, "0"),
        (math.nan, "NaN"),
        (-math.inf, "−∞"),
        ("<b>", "<b>"),
        ([1, "ü"], '[1, "ü"]'),
        ("x" * 100, "x" * 79 + "…"),
    ],
)
def test_value(value: object, text: str) -> None:
    assert format.value(value) == text


def test_names_show_what_is_invisible_in_them() -> None:
    assert format.name("a <b>") == "<bdi>a &lt;b&gt;</bdi>"
    assert format.name("\u202egnp.exe") == '<bdi><i class="unseen">U+202E</i>gnp.exe</bdi>'
    assert "U+200B" in format.name("zero\u200bwidth")
    assert format.name("שלום 👩\u200d🔬") == "<bdi>שלום 👩\u200d🔬</bdi>"
