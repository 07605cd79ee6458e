"""Which files a glob saves: the same as Python's own glob, within the base, with wandb's errors."""

from __future__ import annotations

import glob
import os
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from sdk.globs import Chosen, select


def paths(glob_str: str | bytes | Path, base: str | Path | None = None, literal: bool = False) -> list[str]:
    return [chosen.path for chosen in select(glob_str, base, literal=literal).files]


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    base = tmp_path / "work"
    for path in (
        "a.txt",
        "b.csv",
        ".hidden",
        "logs/1.csv",
        "logs/x/2.csv",
        "logs/x/y/3.csv",
        "logs/x/.h/4.csv",
    ):
        (base / path).parent.mkdir(parents=True, exist_ok=True)
        (base / path).write_text(path)
    (tmp_path / "outside.txt").write_text("outside")
    monkeypatch.chdir(base)
    return base


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("a.txt", ["a.txt"]),
        ("./a.txt", ["a.txt"]),
        ("logs/../a.txt", ["a.txt"]),
        ("*.txt", ["a.txt"]),
        ("?.*", ["a.txt", "b.csv"]),
        ("[ab].*", ["a.txt", "b.csv"]),
        ("[!a].csv", ["b.csv"]),
        (".h*", [".hidden"]),
        ("logs/*.csv", ["logs/1.csv"]),
        ("logs/*", ["logs/1.csv"]),
        ("logs/*/*.csv", ["logs/x/2.csv"]),
        ("logs/**/*.csv", ["logs/1.csv", "logs/x/2.csv", "logs/x/y/3.csv"]),
        ("logs/**", ["logs/1.csv", "logs/x/2.csv", "logs/x/y/3.csv"]),
        ("**/*.csv", ["b.csv", "logs/1.csv", "logs/x/2.csv", "logs/x/y/3.csv"]),
        ("**/x/**/3.csv", ["logs/x/y/3.csv"]),
        ("**/**/a.txt", ["a.txt"]),
        ("logs/x/.h/*", ["logs/x/.h/4.csv"]),
        ("nothing*", []),
        ("nothing", []),
        ("a.txt/*", []),
    ],
)
def test_patterns(tree: Path, pattern: str, found: list[str]) -> None:
    assert paths(pattern) == found
    assert paths(pattern.encode()) == found
    assert [chosen.local for chosen in select(pattern).files] == [str(tree / path) for path in found]


names = st.sampled_from(["a", "b", "ab", "a.b", ".a", "c[1]"])
relative = st.lists(names, min_size=1, max_size=4).map("/".join)
pieces = st.sampled_from(["a", "b", "?", "a*", "*b", "[ab]", "**", "*", ".*", ".a", "c[[]1]"])


@settings(max_examples=80, deadline=None)
@given(files=st.sets(relative, max_size=12), pattern=st.lists(pieces, min_size=1, max_size=4).map("/".join))
def test_python_agrees(tmp_path_factory: pytest.TempPathFactory, files: set[str], pattern: str) -> None:
    assume(not pattern.startswith("*/") and pattern != "*")
    base = tmp_path_factory.mktemp("glob")
    for path in sorted(files):
        try:
            (base / path).parent.mkdir(parents=True, exist_ok=True)
            (base / path).write_text("")
        except OSError:
            continue  # another path is a file where this one needs a directory
    assume(not (base / pattern).is_dir())
    expected = glob.glob(pattern, root_dir=base, recursive=True)  # noqa: PTH207
    assert paths(f"{base}/{pattern}", base) == sorted({path for path in expected if (base / path).is_file()})


def test_base_path_keeps_relative_paths(tree: Path) -> None:
    assert paths("logs/x/*.csv", "logs") == ["x/2.csv"]
    assert paths(tree / "logs/x/2.csv", tree) == ["logs/x/2.csv"]
    assert paths(tree / "logs/x/2.csv", tree / "logs/") == ["x/2.csv"]


def test_an_absolute_glob_without_a_base_keeps_one_folder_and_says_so(tree: Path) -> None:
    selection = select(str(tree / "logs" / "x" / "*.csv"))
    assert [chosen.path for chosen in selection.files] == ["x/2.csv"]
    assert "pass base_path" in selection.warnings[0]


@pytest.mark.parametrize(
    ("pattern", "base", "said"),
    [
        ("../outside.txt", None, "Glob may not walk above the base path"),
        ("logs/../../outside.txt", None, "Glob may not walk above the base path"),
        ("a.txt", "logs", "Glob may not walk above the base path"),
        ("*/../../outside.txt", None, "Glob may not walk above the base path"),
        ("*/../a.txt", None, "Glob may not walk above the base path"),
        ("logs", "logs", "Glob cannot be the same as the base path"),
        (".", None, "Glob cannot be the same as the base path"),
        ("*", None, "Glob may not start with '\\*' relative to the base path"),
        ("logs/*", "logs", "Glob may not start with '\\*' relative to the base path"),
        ("s3://bucket/key", None, "an address elsewhere"),
        ("", None, "needs a path"),
        ("a\0b", None, "needs a path"),
    ],
)
def test_errors(tree: Path, pattern: str, base: str | None, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        select(pattern, base)


def test_a_base_is_a_folder_and_not_a_prefix_of_letters(tmp_path: Path) -> None:
    (tmp_path / "proj").mkdir()
    (tmp_path / "projx").mkdir()
    with pytest.raises(ValueError, match="Glob may not walk above"):
        select(str(tmp_path / "projx" / "x.txt"), tmp_path / "proj")


def test_a_directory_is_refused_with_what_to_write_instead(tree: Path) -> None:
    with pytest.raises(IsADirectoryError, match=r"logs/\*\*"):
        select("logs")
    assert select("lo*").files == []
    assert select("lo*").warnings == []


def test_links_are_followed_inside_the_base_only(tree: Path) -> None:
    (tree / "in.txt").symlink_to("a.txt")
    (tree / "out.txt").symlink_to("../outside.txt")
    (tree / "dangling.txt").symlink_to("gone")
    (tree / "loop.txt").symlink_to("loop.txt")
    selection = select("*.txt")
    assert [chosen.path for chosen in selection.files] == ["a.txt", "in.txt"]
    assert len(selection.warnings) == 3
    assert any("outside the base path" in warning for warning in selection.warnings)
    with pytest.raises(ValueError, match="outside the base path"):
        select("out.txt")
    with pytest.raises(ValueError, match="No such file"):
        select("dangling.txt")


def test_a_linked_folder_is_walked_when_it_is_named_and_never_by_two_stars(tree: Path) -> None:
    (tree / "also").symlink_to("logs")
    (tree / "away").symlink_to(tree.parent)
    (tree / "logs" / "up").symlink_to(tree)
    assert paths("also/*.csv") == ["also/1.csv"]
    assert paths("**/1.csv") == ["logs/1.csv"]
    assert select("away/*.txt").files == []
    assert "outside" in select("away/*.txt").warnings[0]


def test_a_base_may_itself_be_a_link(tree: Path) -> None:
    (tree.parent / "link").symlink_to(tree)
    assert paths(tree.parent / "link" / "*.txt", tree.parent / "link") == ["a.txt"]


def test_what_is_no_regular_file_is_refused(tree: Path) -> None:
    os.mkfifo(tree / "pipe.txt")
    assert "not a regular file" in select("*.txt").warnings[0]
    with pytest.raises(ValueError, match="not a regular file"):
        select("pipe.txt")


def test_a_name_with_wildcards_in_it(tree: Path) -> None:
    (tree / "model[1].pt").write_text("")
    (tree / "a*.pt").write_text("")
    assert paths("model[1].pt") == ["model[1].pt"]
    assert paths("a*.pt", literal=True) == ["a*.pt"]
    assert paths("b*.csv", literal=True) == []


def test_names_that_the_server_cannot_keep(tree: Path) -> None:
    (tree / "new\nline.txt").write_text("")
    Path(os.fsdecode(os.fsencode(str(tree)) + b"/\xff.txt")).write_text("")
    warnings = " ".join(select("*.txt").warnings)
    assert "control character" in warnings
    assert "UTF-8" in warnings
    with pytest.raises(ValueError, match="control character"):
        select("new\nline.txt")


def test_ignored_globs(tree: Path) -> None:
    selection = select("**/*.*", ignore=("*.csv",))
    assert selection == ([Chosen("a.txt", str(tree / "a.txt"), len("a.txt"))], [])
