"""Programs: a class per program and version, a method per procedure.

A procedure is a coroutine method under `@procedure(number, arguments, result)`. It takes its unpacked
arguments and the call, and returns its result. Where the result type is a union, as almost everywhere in
NFS, it returns the arm of discriminant 0 alone, and raises for any other: `Program.failure` makes the
union's value of the exception.
"""

import struct
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple, TypeVar, get_origin

import xdr
from nfsd.rpc.auth import Credential
from nfsd.rpc.message import SUCCESS

M = TypeVar("M", bound=Callable[..., Awaitable[Any]])


@dataclass(slots=True)
class Call:
    """What a procedure may know of its call besides the arguments; `client` is an IP address as text."""

    xid: int
    program: int
    version: int
    procedure: int
    credential: Credential
    client: str
    port: int
    transport: str
    """tcp or udp"""


Admit = Callable[[str], bool]
"""Says whether calls from an address are answered."""


class Packed(list[xdr.Part]):
    """A result that is packed already, from its first byte on; a procedure may return it for a value. Its
    first part is copied, the others are not."""


Fast = Callable[[bytes], bytes | list[xdr.Part] | None]
"""A quick answer, without unpacked arguments or a coroutine: from a record to the packed result, in parts
where it is large; None leaves the call to the procedure."""


class Procedure(NamedTuple):
    """A row of a program's table."""

    number: int
    name: str
    method: Callable[[Any, Any, Call], Awaitable[Any]]
    unpack: Callable[[bytes, int], Any]
    """`unpack(record, offset)` gives the arguments, up to the end of the record."""
    pack_result: Callable[[Any, list[xdr.Part]], None]
    """Packs what the method returned."""
    pack_failure: Callable[[Any, list[xdr.Part]], None]
    """Packs a whole value of the result type."""
    head: bytes
    """What stands between the xid and what `pack_result` packs."""


def procedure(number: int, arguments: Any = None, result: Any = None) -> Callable[[M], M]:
    """Declare the method a procedure: its number, the types of its arguments and of its result (None is
    void)."""

    def declare(method: M) -> M:
        whole = xdr.codec(result)
        union = get_origin(result) or result
        succeeds = isinstance(union, type) and issubclass(union, xdr.Union)
        good = xdr.codec(xdr.arm_type(result, 0)) if succeeds else whole
        method.__procedure__ = Procedure(  # type: ignore[attr-defined]
            number=number,
            name=getattr(method, "__name__", "").upper(),
            method=method,
            unpack=xdr.codec(arguments).unpack_all,
            pack_result=good.append,
            pack_failure=whole.append,
            head=SUCCESS + struct.pack(">I", 0) if succeeds else SUCCESS,
        )
        return method

    return declare


class Program:
    """One version of one RPC program: `class NFS3(Program, number=100003, version=3)`."""

    number: ClassVar[int]
    version: ClassVar[int]
    table: ClassVar[Mapping[int, Procedure]]

    def __init_subclass__(cls, number: int | None = None, version: int | None = None) -> None:
        if number is not None:
            cls.number = number
        if version is not None:
            cls.version = version
        table: dict[int, Procedure] = {}
        for name in dir(cls):
            row = getattr(getattr(cls, name), "__procedure__", None)
            if row is None:
                continue
            if row.number in table:
                twice = f"{table[row.number].name} and {row.name} are both {row.number}"
                raise TypeError(f"{cls.__name__}: {twice}")
            table[row.number] = row
        cls.table = table

    @procedure(0)
    async def null(self, arguments: None, call: Call) -> None:
        """Do nothing; by convention every program has it, and anybody may call it."""

    def admits(self, client: str) -> bool:
        """Whether calls from this address are answered, NULL apart; asked once per connection and kind of
        call."""
        return True

    def fast(self, procedure: int, credential: Credential, at: int) -> Fast | None:
        """What answers a procedure's calls quickly, if anything: those with that credential, in records whose
        arguments begin at `at`. Asked once per connection and header, after `admits`."""
        return None

    async def failure(self, procedure: Procedure, error: Exception, arguments: Any, call: Call) -> Any:
        """The whole result that stands for an exception; an exception raised here is a bug, answered
        SYSTEM_ERR."""
        raise error


Program.table = {0: Program.null.__procedure__}  # type: ignore[attr-defined]
