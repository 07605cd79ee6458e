"""The project's sources, read once, for the tests that keep the house in order."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("xdr", "nfsd", "store", "httpapi", "sdk", "runfs")


@dataclass(frozen=True)
class Source:
    """One Python file of the project, by its path from the root."""

    path: Path

    @property
    def name(self) -> str:
        """The path as text with forward slashes."""
        return self.path.as_posix()

    @cached_property
    def text(self) -> str:
        """The whole file."""
        return (ROOT / self.path).read_text(encoding="utf-8")

    @cached_property
    def tree(self) -> ast.Module:
        """The file, parsed."""
        return ast.parse(self.text, self.name)

    @property
    def module(self) -> str:
        """The dotted name under which the file is imported."""
        parts = self.path.with_suffix("").parts
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    @property
    def only_reexports(self) -> bool:
        """Whether the file is an `__init__.py` of imports, `__all__` and a docstring."""
        return self.path.name == "__init__.py" and all(map(_names_only, self.tree.body))

    def imports(self) -> Iterator[tuple[str, int, bool]]:
        """Each imported module: its full dotted name, its line, whether it is imported when the module is.

        `from a.b import c` gives `a.b.c`: the longest known prefix tells a package from a module in it.
        """
        later = _lines_that_run_later(self.tree)
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    yield alias.name, node.lineno, node.lineno not in later
            elif isinstance(node, ast.ImportFrom):
                base = self._resolve(node)
                for alias in node.names:
                    yield f"{base}.{alias.name}", node.lineno, node.lineno not in later

    def _resolve(self, node: ast.ImportFrom) -> str:
        if not node.level:
            return node.module or ""
        package = self.module.split(".") if self.path.name == "__init__.py" else self.module.split(".")[:-1]
        above = package[: len(package) - node.level + 1]
        return ".".join([*above, node.module] if node.module else above)


def _names_only(node: ast.stmt) -> bool:
    if isinstance(node, ast.Import | ast.ImportFrom):
        return True
    if isinstance(node, ast.Assign):
        return all(isinstance(target, ast.Name) and target.id.startswith("__") for target in node.targets)
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _lines_that_run_later(tree: ast.Module) -> set[int]:
    """Lines inside functions or under `if TYPE_CHECKING`: not run when the module is imported."""
    lines: set[int] = set()
    for node in ast.walk(tree):
        typing_only = isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        if typing_only or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            lines.update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return lines


def _python_files(folders: tuple[str, ...]) -> list[Source]:
    files = [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]
    return [Source(path.relative_to(ROOT)) for path in files]


@pytest.fixture(scope="session")
def root() -> Path:
    """The folder that holds pyproject.toml."""
    return ROOT


@pytest.fixture(scope="session")
def sources() -> list[Source]:
    """Every source file of the project's packages."""
    return _python_files(PACKAGES)


@pytest.fixture(scope="session")
def test_files() -> list[Source]:
    """Every Python file under tests/."""
    return _python_files(("tests",))


@pytest.fixture(scope="session")
def script_files(root: Path) -> list[Path]:
    """Everything in scripts/ and .ci/ that is text a person wrote."""
    found = [path for folder in ("scripts", ".ci") for path in sorted((root / folder).rglob("*"))]
    return [path for path in found if path.is_file() and "__pycache__" not in path.parts]


@pytest.fixture(scope="session")
def standard_library() -> frozenset[str]:
    """Top-level names of the standard library."""
    return sys.stdlib_module_names
