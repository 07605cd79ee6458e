"""Generates the function that packs a value of a declared type.

Neighbouring fields of fixed size, across structures, become one call of a precompiled `struct.Struct`: a
run. A run goes on until bytes of variable length follow; where a value decides what follows (optional-data,
unions), the run so far is written at the head of each branch. Opaque data is handed on by reference and
never copied here.
"""

import struct
import typing
from collections.abc import Callable
from typing import Any, TypeVar

from xdr.declare import (
    LONGEST,
    Array,
    Bool,
    Enum,
    Fixed,
    FixedArray,
    Linked,
    Number,
    Opaque,
    Optional,
    Pieces,
    Union,
    declaration,
)
from xdr.error import Error
from xdr.source import Source, arms_by_type, bind, bindings, element, title

FILL = (b"", b"\0\0\0", b"\0\0", b"\0")
"""The fill after data whose length modulo 4 is the index (RFC 4506 section 3)."""

Part = bytes | memoryview
Run = list[tuple[str, str, str]]
"""Of each field of a run: its letters in the struct module, the expression for its value, its path for
messages."""


def make_pack(declared: Any) -> Callable[[Any], bytes]:
    """Generate `pack(value) -> bytes`."""
    return Packer(joined=True).make(declared)


def make_pack_parts(declared: Any) -> Callable[[Any, list[Part]], None]:
    """Generate `pack_parts(value, parts)`, which appends to `parts`."""
    return Packer(joined=False).make(declared)


def misfit(run: tuple[tuple[str, str], ...], values: tuple[Any, ...]) -> Error:
    """The error for a run that does not pack: it names the first field whose value does not fit."""
    for (letters, path), value in zip(run, values, strict=True):
        try:
            struct.pack(">" + letters, value)
        except struct.error as cause:
            return Error(f"{path}: {value!r} does not fit ({cause})")
    raise AssertionError("a run that does not pack has a field that does not pack")


class Packer:
    """Writes one packing function."""

    def __init__(self, joined: bool) -> None:
        self._joined = joined
        self._source = Source()
        self._source.names.update(error=struct.error, Error=Error, misfit=misfit, FILL=FILL)
        self._run: Run = []
        self._bound: dict[TypeVar, Any] = {}

    def make(self, declared: Any) -> Callable[..., Any]:
        """Generate and compile."""
        source = self._source
        name = title(declared)
        self._emit(declared, "v", name)
        if self._joined and not any("append(" in line or line.endswith(":") for line in source.lines):
            self._flush("return {}")  # the whole type is one run
            if not source.lines:
                source.line("return b''")
            return source.compile("pack(v)", f"pack {name}")
        self._flush()
        source.lines.insert(0, "    append = parts.append")
        if not self._joined:
            return source.compile("pack_parts(v, parts)", f"pack_parts {name}")
        source.lines.insert(0, "    parts = []")
        source.line("return b''.join(parts)")
        return source.compile("pack(v)", f"pack {name}")

    def _flush(self, form: str = "append({})") -> None:
        """Write the run out."""
        if not self._run:
            return
        source, run = self._source, self._run
        self._run = []
        pack = source.constant(struct.Struct(">" + "".join(letters for letters, _, _ in run)).pack, "S")
        fields = source.constant(tuple((letters, path) for letters, _, path in run), "R")
        values = ", ".join(value for _, value, _ in run)
        source.line("try:")
        source.line("    " + form.format(f"{pack}({values})"))
        source.line("except error:")
        source.line(f"    raise misfit({fields}, ({values},)) from None")

    def _name(self, value: str) -> str:
        """A plain name for the expression `value`."""
        if value.isidentifier():
            return value
        name = self._source.fresh()
        self._source.line(f"{name} = {value}")
        return name

    def _emit(self, declared: Any, value: str, path: str) -> None:
        declared = bind(declared, self._bound)
        origin = typing.get_origin(declared) or declared
        match declaration(declared):
            case Number(code=code):
                self._run.append((code, value, path))
            case Bool():
                self._run.append(("I", f"(1 if {value} else 0)", path))
            case Fixed(size=size):
                self._fixed(size, self._name(value), path)
            case Opaque(max=most) | Pieces(max=most) as kind:
                self._opaque(most, isinstance(kind, Pieces), self._name(value), path)
            case Array(max=most):
                values = self._name(value)
                length = self._length(f"len({values})", most, path)
                self._run.append(("I", length, path))
                self._elements(element(declared, self._bound), values, length, path)
            case FixedArray(length=exact):
                values = self._name(value)
                self._require(f"len({values}) == {exact}", f"{path}: {exact} elements are required")
                self._elements(element(declared, self._bound), values, str(exact), path)
            case Linked(max=most):
                self._linked(element(declared, self._bound), most, self._name(value), path)
            case Optional():
                present = self._name(value)
                inside = element(declared, self._bound)
                self._branches(
                    path,
                    [
                        (f"{present} is None", "0", "I", None, ""),
                        ("", "1", "I", inside, present),
                    ],
                )
            case _ if declared is None or declared is type(None):
                pass
            case _ if hasattr(origin, "__xdr_fields__"):
                whole = self._name(value)
                for name, inside in origin.__xdr_fields__.items():
                    self._emit(inside, f"{whole}.{name}", f"{path}.{name}")
            case _ if issubclass(origin, Enum):
                self._run.append(("i", value, path))
            case _ if issubclass(origin, Union):
                self._union(declared, origin, self._name(value), path)
            case _:
                raise TypeError(f"{path}: {declared!r} is no XDR type")

    def _require(self, condition: str, message: str) -> None:
        self._source.line(f"if not ({condition}):")
        self._source.line(f"    raise Error({message!r})")

    def _length(self, expression: str, most: int, path: str) -> str:
        length = self._name(expression)
        if most < LONGEST:
            self._source.line(f"if {length} > {most}:")
            self._source.line(f"    raise Error(f'{path}: {{{length}}} is more than {most}')")
        return length

    def _fixed(self, size: int, value: str, path: str) -> None:
        self._require(f"len({value}) == {size}", f"{path}: {size} bytes are required")
        self._run.append((f"{size}s{-size % 4}x", value, path))

    def _opaque(self, most: int, split: bool, value: str, path: str) -> None:
        length = self._length(f"sum(map(len, {value}))" if split else f"len({value})", most, path)
        self._run.append(("I", length, path))
        self._flush()
        self._source.line(f"parts.extend({value})" if split else f"append({value})")
        self._source.line(f"if {length} & 3:")
        self._source.line(f"    append(FILL[{length} & 3])")

    def _elements(self, inside: Any, values: str, length: str, path: str) -> None:
        self._flush()
        kind = declaration(inside)
        if isinstance(kind, Number):
            self._source.names["pack_array"] = struct.pack
            self._source.line("try:")
            self._source.line(f"    append(pack_array(f'>{{{length}}}{kind.code}', *{values}))")
            self._source.line("except error as cause:")
            self._source.line(f"    raise Error(f'{path}: {{cause}}') from None")
        else:
            self._loop(inside, values, path)

    def _loop(self, inside: Any, values: str, path: str) -> None:
        each = self._source.fresh()
        self._source.line(f"for {each} in {values}:")
        self._source.depth += 1
        self._emit(inside, each, path)
        self._flush()
        self._source.depth -= 1

    def _linked(self, inside: Any, most: int, values: str, path: str) -> None:
        self._length(f"len({values})", most, path)
        self._flush()
        each = self._source.fresh()
        self._source.line(f"for {each} in {values}:")
        self._source.depth += 1
        self._run.append(("I", "1", path))
        self._emit(inside, each, path)
        self._flush()
        self._source.depth -= 1
        self._run.append(("I", "0", path))

    def _union(self, declared: Any, union: type[Union[Any, Any]], value: str, path: str) -> None:
        self._bound, outer = bindings(declared), self._bound
        chosen = self._name(f"{value}.discriminant")
        letter = "I" if union.__xdr_discriminant__ is bool else "i"
        kind = declaration(union.__xdr_discriminant__)
        if isinstance(kind, Number):
            letter = kind.code
        branches: list[tuple[str, str, str, Any, str]] = [
            (f"{chosen} in {keys}", chosen, letter, inside, f"{value}.arm")
            for inside, keys in arms_by_type(union).items()
        ]
        if union.__xdr_default__ is not ...:
            branches.append(("", chosen, letter, union.__xdr_default__, f"{value}.arm"))
        self._branches(f"{path}.discriminant", branches, path)
        if union.__xdr_default__ is ...:
            self._source.line("else:")
            self._source.line(f"    raise Error(f'{path}: no arm for {{{chosen}!r}}')")
        self._bound = outer

    def _branches(self, path: str, branches: list[tuple[str, str, str, Any, str]], inner: str = "") -> None:
        """Write if, elif, else; each begins with the run so far, goes on with its discriminant and its
        arm."""
        before = self._run
        word = "if"
        for condition, chosen, letter, inside, value in branches:
            self._source.line(f"{word} {condition}:" if condition else "else:")
            self._source.depth += 1
            self._run = [*before, (letter, chosen, path)]
            self._emit(inside, value, inner or path)
            self._flush()
            self._source.depth -= 1
            word = "elif"
