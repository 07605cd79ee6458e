"""Every public name says what it is for; an override is described where the name first stands."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

Documented = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def members(node: ast.ClassDef | ast.Module) -> Iterator[Documented]:
    for child in node.body:
        if isinstance(child, Documented) and not child.name.startswith("_"):
            yield child


def decorators(node: Documented) -> set[str]:
    return {ast.unparse(decorator).split("(")[0].split(".")[-1] for decorator in node.decorator_list}


def base_names(node: ast.ClassDef) -> set[str]:
    return {ast.unparse(base).split("[")[0].split(".")[-1] for base in node.bases}


class Contracts:
    """What each class of the project documents, so that an override need not repeat it."""

    def __init__(self, sources: Any) -> None:
        self.bases: dict[str, set[str]] = {}
        self.documents: dict[str, set[str]] = {}
        self.protocols: set[str] = set()
        for source in sources:
            for node in ast.walk(source.tree):
                if isinstance(node, ast.ClassDef):
                    self.bases.setdefault(node.name, set()).update(base_names(node))
                    said = {member.name for member in members(node) if ast.get_docstring(member)}
                    self.documents.setdefault(node.name, set()).update(said)
                    if "Protocol" in base_names(node):
                        self.protocols.add(node.name)

    def covers(self, node: ast.ClassDef, method: str) -> bool:
        """Whether a base, however far up, or a protocol of the project describes `method`."""
        seen: set[str] = set()
        open_names = set(base_names(node)) | self.protocols
        while open_names:
            name = open_names.pop()
            if name in seen:
                continue
            seen.add(name)
            if method in self.documents.get(name, ()):
                return True
            open_names |= self.bases.get(name, set())
        return False


def undocumented(source: Any, contracts: Contracts) -> Iterator[str]:
    if not source.only_reexports and not ast.get_docstring(source.tree):
        yield f"{source.name}:1: the module"
    if source.path.name == "types.py":  # the RFC's own names, in its own order: the module names the sections
        return
    for node in members(source.tree):
        if not ast.get_docstring(node) and "overload" not in decorators(node):
            yield f"{source.name}:{node.lineno}: {node.name}"
        if isinstance(node, ast.ClassDef):
            for member in members(node):
                silent = not ast.get_docstring(member) and not decorators(member) & {"overload", "setter"}
                if silent and not contracts.covers(node, member.name):
                    yield f"{source.name}:{member.lineno}: {node.name}.{member.name}"


def test_public_names_have_docstrings(sources: Any) -> None:
    contracts = Contracts(sources)
    missing = [line for source in sources for line in undocumented(source, contracts)]
    assert not missing, "no docstring:\n" + "\n".join(missing)
