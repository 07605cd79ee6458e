"""Lines of generated Python, with the values that they refer to.

What the packers and the unpackers share: indentation, fresh names, constants, the walk from a type variable
to the type that it stands for, and the compilation that keeps the source visible in tracebacks.
"""

import itertools
import linecache
import typing
from collections.abc import Callable
from typing import Any, TypeVar

from xdr.declare import Fixed, FixedArray, Number, Union, declaration

_serial = itertools.count(1)


class Source:
    """A function under construction."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.names: dict[str, Any] = {}
        self.depth = 1
        self._constants: dict[int, str] = {}
        self._fresh = itertools.count(1)

    def line(self, text: str) -> None:
        """Append one line at the present depth."""
        self.lines.append("    " * self.depth + text)

    def fresh(self, letter: str = "x") -> str:
        """A name that the function does not use yet."""
        return f"{letter}{next(self._fresh)}"

    def constant(self, value: Any, letter: str = "C") -> str:
        """A name by which the function finds `value`."""
        if id(value) not in self._constants:
            name = self.fresh(letter)
            self.names[name] = value
            self._constants[id(value)] = name
        return self._constants[id(value)]

    def compile(self, signature: str, title: str) -> Callable[..., Any]:
        """The finished function; its source is kept in linecache, so that tracebacks and debuggers show
        it."""
        text = "\n".join([f"def {signature}:", *self.lines, ""])
        filename = f"<xdr {next(_serial)}: {title}>"
        linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)
        exec(compile(text, filename, "exec"), self.names)
        made: Callable[..., Any] = self.names[signature.partition("(")[0]]
        return made


def title(declared: Any) -> str:
    """A type's name for messages; a type without a name of its own is a `value`."""
    return (
        "value" if declaration(declared) or declared is None else str(getattr(declared, "__name__", declared))
    )


def bind(declared: Any, bound: dict[TypeVar, Any]) -> Any:
    """`declared` with each type variable replaced by the type that a generic union was given for it."""
    if isinstance(declared, TypeVar):
        return bound[declared]
    arguments = typing.get_args(declared)
    if bound and arguments and declaration(declared) is None:
        return typing.get_origin(declared)[tuple(bind(each, bound) for each in arguments)]
    return declared


def bindings(declared: Any) -> dict[TypeVar, Any]:
    """What a generic union's type variables stand for in `declared`: Result[A, B] gives {OK: A, FAIL: B}."""
    origin = typing.get_origin(declared)
    return dict(zip(origin.__parameters__, typing.get_args(declared), strict=True)) if origin else {}


def element(declared: Any, bound: dict[TypeVar, Any]) -> Any:
    """The type of a compound's elements: X of `X | None`, of `tuple[X, ...]`."""
    arguments = [each for each in typing.get_args(declared.__origin__) if each not in (type(None), ...)]
    if not arguments:
        raise TypeError(f"{declared!r} has no elements")
    return bind(arguments[0], bound)


def arms_by_type(union: type[Union[Any, Any]]) -> dict[Any, tuple[int, ...]]:
    """A union's arms, each with the discriminants that select it."""
    arms: dict[Any, tuple[int, ...]] = {}
    for key, arm in union.__xdr_arms__.items():
        arms[arm] = (*arms.get(arm, ()), int(key))
    return arms


def least_size(declared: Any, bound: dict[TypeVar, Any]) -> int:
    """The fewest bytes that a value of the type takes; what is large or varies may be understated."""
    declared = bind(declared, bound)
    fields = getattr(declared, "__xdr_fields__", None)
    match declaration(declared):
        case Number(size=size):
            return size
        case Fixed(size=size):
            return size + -size % 4
        case FixedArray(length=length):
            return length * least_size(element(declared, bound), bound)
        case _ if declared is None:
            return 0
        case _ if fields is not None:
            return sum(least_size(each, bound) for each in fields.values())
    return 4
