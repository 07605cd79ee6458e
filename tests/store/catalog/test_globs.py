"""Globs on paths: one meaning, whether Python or SQLite looks."""

import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.catalog import globs

PATTERNS = st.text(alphabet="ab/*?[]!^-.\\", max_size=8)
PATHS = st.text(alphabet="ab/.-]\\[", max_size=8)


@pytest.mark.parametrize(
    ("pattern", "path", "does"),
    [
        ("*.pt", "a.pt", True),
        ("*.pt", "a/b.pt", False),
        ("**/*.pt", "a.pt", True),
        ("**/*.pt", "a/b/c.pt", True),
        ("a/**", "a/b/c", True),
        ("a/**", "a", False),
        ("a/**/c", "a/c", True),
        ("a/**/c", "a/b/b/c", True),
        ("a/**/c", "ab/c", False),
        ("a*b/**", "axb/c", True),
        ("a*b/**", "ax/yb/c", False),
        ("a**/c", "a/b/c", True),
        ("?.txt", "a.txt", True),
        ("a?b", "a/b", False),
        ("[ab].txt", "b.txt", True),
        ("[!ab].txt", "b.txt", False),
        ("[!ab].txt", "c.txt", True),
        ("a[!b]c", "a/c", False),
        ("[]].txt", "].txt", True),
        ("[.txt", "[.txt", True),
        ("a.b", "axb", False),
        ("A", "a", False),
        ("[a/b]x", "ax", True),
        ("[z-a]", "z", False),
    ],
)
def test_matches(pattern: str, path: str, does: bool) -> None:
    assert globs.matches(path, pattern) is does


@given(PATTERNS, PATHS)
def test_sqlite_lets_through_all_that_matches(pattern: str, path: str) -> None:
    with sqlite3.connect(":memory:") as db:
        (through,) = db.execute("SELECT ? GLOB ?", (path, globs.as_sqlite(pattern))).fetchone()
    slashes = globs.slashes(pattern)
    if globs.matches(path, pattern):
        assert through
        assert slashes in (None, path.count("/"))
    elif through and slashes is not None:
        assert path.count("/") != slashes


@given(st.text(alphabet="ab/*?[]!^-.", max_size=12), st.text(alphabet="ab/.", max_size=12))
def test_walking_is_matching(pattern: str, path: str) -> None:
    """However few stars a pattern has, both ways to look must agree."""
    walked = globs._walk(globs._steps(pattern), path)
    assert walked is (globs._compiled(pattern).fullmatch(path) is not None)


@pytest.mark.parametrize("star", ["*", "**", "**/", "*?", "[a]*"])
def test_many_stars_take_no_longer(star: str) -> None:
    # Trying every way would take longer than the universe has been there.
    assert not globs.matches("a" * 255, f"{star}a" * 60 + "b")
    assert not globs.matches("a/" * 100 + "a", f"{star}a" * 60 + "b")


def test_slashes() -> None:
    assert globs.slashes("a/*/b") == 2
    assert globs.slashes("[a/]b") == 0
    assert globs.slashes("a/**/b") is None
