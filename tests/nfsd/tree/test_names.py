"""Hostile names: shown as one component, reversibly, without collisions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nfsd.tree import names

HOSTILE = [
    "", ".", "..", "...", "/", "//", "a/b", "/etc/passwd", "../../x", "a\0b", "\0", "\n", "a\nb",
    "tab\there", "\x1b[31m", "\x7f", "\x9b2J", "%", "%%", "%2F", "%2f", "%252F", "100%", "%E2%88%85",
    "∅", "%25", "%2E", "%2E%2E", "-rf", "~", "a~b", " ", " lead", "trail ", "naïve", "nai\u0308ve",
    "ÅNGSTRÖM", "日本語", "🙂", "\ud800", "a\udfffb", "con", "A", "a", "%00", "x" * 255, "x" * 256,
    "x" * 5000, "é" * 127, "é" * 128, "🙂" * 63, "🙂" * 64, "\n" * 85, "\n" * 86, "%2F" * 51, "%2F" * 52,
    "x" * 222 + "~" + "0" * 32, "x" * 221 + "~" + "0" * 32, "x" * 100 + "~" + "0" * 32,
    "x" * 217 + "~" + "0" * 32, "x" * 221 + "é" * 40, "x" * 220 + "%" + "é" * 40, "x" * 221 + "/" * 40,
    "x" * 220 + "/" * 40, "x" * 219 + "/" * 40,
]  # fmt: skip

characters = st.one_of(st.characters(), st.sampled_from("/%.~\0\n2EF0a"))
any_name = st.one_of(
    st.text(characters, max_size=12),
    st.text(characters, min_size=60, max_size=300),
    st.text("/%2F", max_size=300),
    st.builds("{}~{}".format, st.text("x/%é", min_size=50), st.text("0f", min_size=32, max_size=32)),
)  # fmt: skip


def check(name: str) -> str:
    """One name's shape and way back; gives what is shown."""
    text = names.shown(name)
    encoded = text.encode()
    assert 0 < len(encoded) <= 255
    assert text not in (".", "..")
    assert not set(text) & {"/", "\0"}
    assert text.isprintable() or not any(ord(letter) < 32 or 127 <= ord(letter) < 160 for letter in text)
    if names.is_shortened(text):
        assert names.original(text) is None
    else:
        assert names.original(text) == name
    return text


def test_hostile_names_are_shown_and_found_again() -> None:
    texts = [check(name) for name in HOSTILE]
    assert len(set(texts)) == len(HOSTILE)


@given(any_name, any_name)
def test_any_two_names_look_different(one: str, other: str) -> None:
    assert (check(one) == check(other)) == (one == other)


@given(any_name)
def test_what_is_shown_is_itself_a_name_shown_otherwise_or_alike(name: str) -> None:
    text = check(name)
    if text != name:
        assert check(text) != text


@pytest.mark.parametrize("name", ["a b", "100%", "model.pt", "...", "naïve", "x" * 255, "é" * 127, "%2f"])
def test_harmless_names_stay(name: str) -> None:
    assert names.shown(name) == name


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a/b", "a%2Fb"),
        (".", "%2E"),
        ("..", "%2E%2E"),
        ("", "%E2%88%85"),
        ("\x85", "%C2%85"),
        ("%2F", "%252F"),
        ("%/", "%%2F"),
        ("\ud800", "%ED%A0%80"),
    ],
)
def test_encoded_as_documented(name: str, text: str) -> None:
    assert names.shown(name) == text


def test_a_long_name_keeps_its_beginning() -> None:
    text = names.shown("x" * 300)
    assert text.startswith("x" * 222 + "~")
    assert len(text) == 255
    assert names.is_shortened(text)


@pytest.mark.parametrize(
    "text", ["%41", "%2e%2E", "%FF", "%ED%A0", "a/b", "..", ".", "", "%25", "%E2%88%85x"]
)
def test_a_component_that_stands_for_nothing(text: str) -> None:
    assert names.original(text) is None


@given(st.lists(st.one_of(st.text(), st.from_regex(r"[a-z][a-z.]{0,9}\n?", fullmatch=True)), max_size=5))
def test_many_names_are_shown_as_each_is(many: list[str]) -> None:
    assert list(names.all_shown(many)) == [names.shown(name) for name in many]
