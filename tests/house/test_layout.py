"""Where things stand: a test file for each source file, short files, and only words that say something."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

SOURCE_LINES_MAX = 300
TEST_LINES_MAX = 400

# Files that may be longer, each with its reason. types.py, the RFCs' declarations, may always be.
LONGER: dict[str, str] = {}

# Words that say nothing about what a thing is for. Looked for in names of files, classes and functions.
EMPTY_WORDS = {
    "manager",
    "helper",
    "helpers",
    "util",
    "utils",
    "common",
    "misc",
    "info",
    "process",
    "service",
    "handler",
}
# Names that someone else's interface prescribes.
PRESCRIBED = {"mismatch_info"}  # RFC 5531 section 9

# Assembled, so that this file does not contain what it looks for.
UNFINISHED = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X)\b")


def words(name: str) -> set[str]:
    return {word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)}


def own_test(source: Path) -> Path:
    """tests/a/test_b.py for a/b.py; for a package's own code (a/__init__.py) tests/test_a.py."""
    stem = source.parent.name if source.name == "__init__.py" else source.stem.strip("_")
    folder = source.parent.parent if source.name == "__init__.py" else source.parent
    return Path("tests") / folder / f"test_{stem}.py"


def test_each_source_has_its_test_file(sources: Any, root: Path) -> None:
    missing = [
        f"{source.name}: {own_test(source.path)} is missing"
        for source in sources
        if not source.only_reexports and not (root / own_test(source.path)).exists()
    ]
    assert not missing, "\n".join(missing)


def test_files_are_short(sources: Any, test_files: Any, script_files: list[Path], root: Path) -> None:
    long = []
    for source in sources:
        lines = source.text.count("\n")
        if source.path.name != "types.py" and source.name not in LONGER and lines > SOURCE_LINES_MAX:
            long.append(f"{source.name}: {lines} lines, {SOURCE_LINES_MAX} allowed")
    for source in test_files:
        lines = source.text.count("\n")
        if source.name not in LONGER and lines > TEST_LINES_MAX:
            long.append(f"{source.name}: {lines} lines, {TEST_LINES_MAX} allowed")
    for path in script_files:
        lines = path.read_text(encoding="utf-8").count("\n")
        name = path.relative_to(root).as_posix()
        if name not in LONGER and lines > SOURCE_LINES_MAX:
            long.append(f"{name}: {lines} lines, {SOURCE_LINES_MAX} allowed")
    assert not long, "\n".join(long)


def test_exceptions_are_still_needed(root: Path) -> None:
    for name in LONGER:
        limit = TEST_LINES_MAX if name.startswith("tests/") else SOURCE_LINES_MAX
        assert (root / name).read_text(encoding="utf-8").count("\n") > limit, f"{name} needs no exception"


def test_names_say_something(sources: Any) -> None:
    empty = []
    for source in sources:
        for part in source.path.with_suffix("").parts:
            if words(part) & EMPTY_WORDS:
                empty.append(f"{source.name}: the file's name")
        for node in ast.walk(source.tree):
            if not isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            if node.name not in PRESCRIBED and (
                words(node.name) & EMPTY_WORDS or node.name.startswith("do_")
            ):
                empty.append(f"{source.name}:{node.lineno}: {node.name}")
    assert not empty, "\n".join(empty)


def test_nothing_is_left_unfinished(sources: Any, test_files: Any) -> None:
    left = [
        f"{source.name}:{number}: {line.strip()}"
        for source in [*sources, *test_files]
        for number, line in enumerate(source.text.splitlines(), 1)
        if UNFINISHED.search(line)
    ]
    assert not left, "\n".join(left)


def test_every_package_is_typed(root: Path) -> None:
    for package in ("xdr", "nfsd", "store", "httpapi", "sdk", "runfs"):
        assert (root / package / "py.typed").exists(), package
