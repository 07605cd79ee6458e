"""Names fail where they are given, with the reason."""

from __future__ import annotations

import pytest

from sdk.names import check_component, check_path


@pytest.mark.parametrize("name", ["a", "a b", "ü" * 127, "x" * 255, "...", ".hidden", "a\\b", "a:b", "*"])
def test_good_components(name: str) -> None:
    check_component(name)
    check_path(f"{name}/{name}")


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("", "not a name"),
        (".", "not a name"),
        ("..", "not a name"),
        ("a/b", "slash"),
        ("a\0b", "control"),
        ("a\nb", "control"),
        ("a\x7f", "control"),
        ("a\x85", "control"),
        ("x" * 256, "longer than 255"),
        ("ü" * 128, "longer than 255"),
        ("\udcff", "UTF-8"),
    ],
)
def test_bad_components(name: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        check_component(name)


@pytest.mark.parametrize("path", ["/a", "a/", "a//b", "a/../b", "./a", "a/\x01"])
def test_bad_paths(path: str) -> None:
    with pytest.raises(ValueError, match=r"name|character"):
        check_path(path)


def test_paths_have_a_length() -> None:
    check_path("/".join(["x" * 255] * 16))
    with pytest.raises(ValueError, match="longer than 4096"):
        check_path("/".join(["x" * 255] * 16) + "/y")
