"""The constructs of RFC 4506 as declarations.

A type is an annotation. `Annotated[int, UINT]` is an unsigned int, a class decorated with `@struct` is a
structure, a subclass of `Enum` an enumeration, a subclass of `Union` a discriminated union, and `None` is
void. Floating-point types are not declared, because no protocol served here has them. The Python type to
the left of the declaration is for the reader and the type checker; the declaration alone decides the bytes.
"""

import enum
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar, dataclass_transform

from xdr.error import Error

LONGEST = 0xFFFF_FFFF
"""The bound of a variable-length type that is declared without one, in bytes or elements (RFC 4506 section
4.10)."""


class Declaration:
    """What stands in an `Annotated` and decides the bytes of a value."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Number(Declaration):
    """An integer; `code` is its letter in the struct module, `size` its bytes (RFC 4506 sections 4.1, 4.2,
    4.5)."""

    code: str
    size: int


@dataclass(frozen=True, slots=True)
class Bool(Declaration):
    """FALSE (0) or TRUE (1), nothing else (RFC 4506 section 4.4)."""


@dataclass(frozen=True, slots=True)
class Fixed(Declaration):
    """Exactly `size` bytes and their fill (RFC 4506 section 4.9)."""

    size: int


@dataclass(frozen=True, slots=True)
class Opaque(Declaration):
    """At most `max` bytes behind their length, and their fill (RFC 4506 sections 4.10 and 4.11)."""

    max: int


@dataclass(frozen=True, slots=True)
class Pieces(Declaration):
    """The bytes of an `Opaque`, whose value is a tuple of pieces that are packed one after the other,
    uncopied."""

    max: int


@dataclass(frozen=True, slots=True)
class FixedArray(Declaration):
    """Exactly `length` elements (RFC 4506 section 4.12)."""

    length: int


@dataclass(frozen=True, slots=True)
class Array(Declaration):
    """At most `max` elements behind their number (RFC 4506 section 4.13)."""

    max: int


@dataclass(frozen=True, slots=True)
class Optional(Declaration):
    """A bool that says whether the value follows (RFC 4506 section 4.19)."""


@dataclass(frozen=True, slots=True)
class Linked(Declaration):
    """A linked list of at most `max` elements: each one behind TRUE, then FALSE (RFC 4506 section 4.19)."""

    max: int


INT = Number("i", 4)
UINT = Number("I", 4)
HYPER = Number("q", 8)
UHYPER = Number("Q", 8)
BOOL = Bool()
optional = Optional()


def fixed(size: int) -> Fixed:
    """Fixed-length opaque data of `size` bytes."""
    return Fixed(size)


def opaque(max: int = LONGEST) -> Opaque:
    """Variable-length opaque data of at most `max` bytes."""
    return Opaque(max)


def string(max: int = LONGEST) -> Opaque:
    """A string of at most `max` bytes; its value is bytes, for the wire promises no character set."""
    return Opaque(max)


def pieces(max: int = LONGEST) -> Pieces:
    """Variable-length opaque data of at most `max` bytes, given and packed as a tuple of pieces."""
    return Pieces(max)


def array(max: int = LONGEST) -> Array:
    """A variable-length array of at most `max` elements; its value is a tuple."""
    return Array(max)


def fixed_array(length: int) -> FixedArray:
    """An array of exactly `length` elements; its value is a tuple."""
    return FixedArray(length)


def linked(max: int = LONGEST) -> Linked:
    """A linked list of at most `max` elements; its value is a tuple, so the element declares no `next`
    field."""
    return Linked(max)


class Enum(enum.IntEnum):
    """An enumeration (RFC 4506 section 4.3); on the wire only its members are allowed."""


T = TypeVar("T")
D = TypeVar("D")
A = TypeVar("A")


@dataclass_transform(frozen_default=True)
def struct(cls: type[T]) -> type[T]:
    """Make the class a structure (RFC 4506 section 4.14): frozen, slotted, packed in the fields' order.

    A dataclass in all but its making: a dataclass compiles six methods of its own, and to import the types of
    NFS took 87 ms. With methods that all share, and a constructor compiled at its first call, it takes 15.
    """
    fields = typing.get_type_hints(cls, include_extras=True)
    for name, declared in fields.items():
        require_declared(declared, f"{cls.__name__}.{name}")
    names = tuple(fields)
    kept = {key: value for key, value in vars(cls).items() if key not in ("__dict__", "__weakref__", *names)}
    made: dict[str, Any] = {"__slots__": names, "__match_args__": names, "__xdr_fields__": fields}
    made["__xdr_defaults__"] = {name: vars(cls)[name] for name in names if name in vars(cls)}
    remade: type[T] = type(cls.__name__, cls.__bases__, {**kept, **_SHARED, **made})
    return remade


def _init(self: Any, *args: Any, **named: Any) -> None:
    """The constructor of every structure until it is first called."""
    kind = type(self)
    defaults = kind.__xdr_defaults__
    taken = [f"{name}=defaults[{name!r}]" if name in defaults else name for name in kind.__xdr_fields__]
    stores = [f" put(self, {name!r}, {name})" for name in kind.__xdr_fields__]
    scope: dict[str, Any] = {"put": object.__setattr__, "defaults": defaults}
    exec("\n".join([f"def __init__(self, {', '.join(taken)}):", *stores]), scope)
    kind.__init__ = scope["__init__"]
    kind.__init__(self, *args, **named)


def _values(value: Any) -> tuple[Any, ...]:
    return tuple(getattr(value, name) for name in value.__xdr_fields__)


def _repr(self: Any) -> str:
    named = (f"{name}={getattr(self, name)!r}" for name in self.__xdr_fields__)
    return f"{type(self).__qualname__}({', '.join(named)})"


def _eq(self: Any, other: object) -> bool:
    return _values(self) == _values(other) if type(other) is type(self) else NotImplemented


def _hash(self: Any) -> int:
    return hash(_values(self))


def _frozen(self: Any, name: str, value: object = None) -> None:
    raise AttributeError(f"{type(self).__name__} is frozen: {name!r} cannot be set")


_SHARED = {
    "__init__": _init,
    "__repr__": _repr,
    "__eq__": _eq,
    "__hash__": _hash,
    "__setattr__": _frozen,
    "__delattr__": _frozen,
}


class Union(Generic[D, A]):
    """A discriminated union (RFC 4506 section 4.15): the discriminant and the arm that it selects.

    Declared by a subclass, `class entry(Union[kind, int | None], arms={kind.A: uint32}, default=None)`. An
    arm of None is void. Without a default, a discriminant that has no arm is an error.
    """

    __slots__ = ("arm", "discriminant")

    discriminant: D
    arm: A

    __xdr_arms__: ClassVar[Mapping[Any, Any]]
    __xdr_default__: ClassVar[Any]
    __xdr_discriminant__: ClassVar[Any]

    def __init__(self, discriminant: D, arm: A) -> None:
        object.__setattr__(self, "discriminant", discriminant)
        object.__setattr__(self, "arm", arm)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__} is frozen: {name!r} cannot be set")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Union) or type(other) is not type(self):
            return NotImplemented
        return (self.discriminant, self.arm) == (other.discriminant, other.arm)

    def __hash__(self) -> int:
        return hash((type(self), self.discriminant, self.arm))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.discriminant!r}, {self.arm!r})"

    def __init_subclass__(
        cls, arms: Mapping[Any, Any] | None = None, default: Any = ..., **rest: Any
    ) -> None:
        super().__init_subclass__(**rest)
        if arms is None:
            raise TypeError(f"{cls.__name__}: a union declares its arms")
        cls.__xdr_arms__ = dict(arms)
        cls.__xdr_default__ = default
        cls.__xdr_discriminant__ = typing.get_args(cls.__orig_bases__[0])[0]  # type: ignore[attr-defined]
        require_declared(cls.__xdr_discriminant__, f"{cls.__name__}.discriminant")


def declaration(declared: Any) -> Declaration | None:
    """The declaration of an `Annotated` type, the last one where there are several; None for any other
    type."""
    found = [extra for extra in getattr(declared, "__metadata__", ()) if isinstance(extra, Declaration)]
    return found[-1] if found else None


def require_declared(declared: Any, name: str) -> None:
    """Raise Error unless `declared` is a type that has an encoding; a type variable will have one when it
    is bound."""
    origin = typing.get_origin(declared) or declared
    known = (
        declared is None
        or declared is type(None)
        or isinstance(declared, TypeVar)
        or declaration(declared) is not None
        or hasattr(origin, "__xdr_fields__")
        or (isinstance(origin, type) and issubclass(origin, Enum | Union))
    )
    if not known:
        raise Error(f"{name}: {declared!r} is no XDR type")
