import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from store.errors import Refused
from store.names import COMPONENT_MAX_BYTES, PATH_MAX_BYTES, check_name, check_path


@pytest.mark.parametrize(
    "path",
    ["a", "logs/a.txt", "ünïcode/日本語", "a b", "...", "a\\b", "%2e%2e", "-", "~", "é" * 127, "a" * 255],
)
def test_good_paths(path: str) -> None:
    assert check_path(path) == path.split("/")


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("", "empty"),
        ("/etc/passwd", "absolute"),
        ("a//b", "empty component"),
        ("a/", "empty component"),
        ("..", "component"),
        ("a/../b", "component"),
        ("a/.", "component"),
        ("a\0b", "character"),
        ("a\nb", "character"),
        ("a\x7fb", "character"),
        ("a\x85b", "character"),
        ("a\ud800b", "character"),
        ("a" * 256, "longer than 255"),
        ("é" * 128, "longer than 255"),
        ("a/" * 2048 + "a", "longer than 4096"),
    ],
)
def test_bad_paths(path: str, reason: str) -> None:
    with pytest.raises(Refused, match=reason):
        check_path(path)


def test_the_longest_path() -> None:
    path = "/".join(["a" * 255] * 16)
    assert len(path) == PATH_MAX_BYTES - 1
    assert len(check_path(path)) == 16
    with pytest.raises(Refused, match="longer"):
        check_path(path + "/a")


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "a\0", "a" * (COMPONENT_MAX_BYTES + 1)])
def test_bad_names(name: str) -> None:
    with pytest.raises(Refused, match="the run id"):
        check_name(name, "run id")


@given(st.text(st.characters(), max_size=300))
@example("a/b")
@example("\ud800")
def test_what_passes_can_be_a_path(path: str) -> None:
    try:
        components = check_path(path)
    except Refused:
        return
    assert "/".join(components) == path
    for component in components:
        raw = component.encode()
        assert 0 < len(raw) <= 255
        assert component not in (".", "..")
        assert not any(byte < 32 or byte == 127 for byte in raw)
