"""A small program, and calls to it as bytes."""

import asyncio
import struct
from typing import Annotated, Any

import pytest
import uvloop

import xdr
from nfsd.rpc import Call, Credential, Denied, Fast, Packed, Procedure, Program, procedure
from nfsd.rpc.types import auth_stat, authsys_parms

uint32 = Annotated[int, xdr.UINT]
blob = Annotated[bytes | memoryview, xdr.opaque()]


class stat(xdr.Enum):
    GOOD = 0
    BAD = 5


class answer(xdr.Union[stat, int | None], arms={stat.GOOD: uint32}, default=None):
    __slots__ = ()


class Sample(Program, number=300_000, version=3):
    """Each procedure shows one way in which a call can end."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.gate = asyncio.Event()
        self.waiting: asyncio.Queue[int] = asyncio.Queue()
        self.networks = "127."
        self.served_fast: list[int] = []

    def admits(self, client: str) -> bool:
        return client.startswith(self.networks)

    def fast(self, procedure: int, credential: Credential, at: int) -> Fast | None:
        def quick(record: bytes) -> bytes | Packed | None:
            (number,) = struct.unpack_from(">I", record, at)  # a bug, where there are no arguments
            if number == 0:
                return None
            self.served_fast.append(credential.uid)
            return struct.pack(">I", number) if number == 1 else Packed([b"\0\0\0", memoryview(b"\2")])

        def whole(record: bytes) -> bytes:
            size = record[at : at + 4]
            return size + bytes(int.from_bytes(size, "big"))

        return {8: quick, 10: whole}.get(procedure)

    @procedure(1, uint32, uint32)
    async def echo(self, arguments: int, call: Call) -> int:
        self.calls.append(call)
        return arguments

    @procedure(2, uint32, answer)
    async def halve(self, arguments: int, call: Call) -> int:
        if arguments % 2:
            raise ValueError("odd")
        return arguments // 2

    @procedure(3, uint32, uint32)
    async def wait(self, arguments: int, call: Call) -> int:
        self.waiting.put_nowait(arguments)
        await self.gate.wait()
        return arguments

    @procedure(4)
    async def crash(self, arguments: None, call: Call) -> None:
        raise ZeroDivisionError

    @procedure(5)
    async def deny(self, arguments: None, call: Call) -> None:
        raise Denied(auth_stat.AUTH_TOOWEAK)

    @procedure(6, uint32, blob)
    async def read(self, arguments: int, call: Call) -> memoryview:
        return memoryview(bytes(arguments))

    @procedure(7, None, uint32)
    async def ready(self, arguments: None, call: Call) -> Packed:
        return Packed([b"\0\0", b"\0\7"])

    @procedure(8, uint32, uint32)
    async def maybe_fast(self, arguments: int, call: Call) -> int:
        return 99

    @procedure(9, None, uint32)
    async def misfit(self, arguments: None, call: Call) -> int:
        return -1

    @procedure(10, uint32, blob)
    async def read_fast(self, arguments: int, call: Call) -> memoryview:
        return memoryview(bytes(arguments))

    async def failure(self, procedure: Procedure, error: Exception, arguments: Any, call: Call) -> Any:
        await asyncio.sleep(0)
        if isinstance(error, ValueError) and not isinstance(error, xdr.Error):
            return answer(stat.BAD, None)
        raise error


def pytest_asyncio_loop_factories(config: pytest.Config, item: pytest.Item) -> dict[str, Any]:
    """Sockets are tested on both loops that the daemon may run on: their transports differ."""
    loops = {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}
    return (
        loops
        if item.path.name in ("test_server.py", "test_datagrams.py", "test_client.py")
        else {"asyncio": loops["asyncio"]}
    )


def words(*numbers: int) -> bytes:
    return struct.pack(f">{len(numbers)}I", *numbers)


class Calls:
    """Makes records and takes replies apart."""

    words = staticmethod(words)

    @staticmethod
    def make(
        procedure: int,
        arguments: bytes = b"",
        *,
        xid: int = 1,
        program: int = 300_000,
        version: int = 3,
        flavor: int = 1,
        uid: int = 1000,
    ) -> bytes:
        body = xdr.pack(authsys_parms, authsys_parms(0, b"host", uid, 100, ())) if flavor == 1 else b""
        return (
            words(xid, 0, 2, program, version, procedure, flavor, len(body)) + body + words(0, 0) + arguments
        )

    @staticmethod
    def marked(*records: bytes) -> bytes:
        return b"".join(words(0x8000_0000 | len(record)) + record for record in records)

    @staticmethod
    def results(reply: bytes, xid: int = 1) -> bytes:
        """The results in the record of a reply that says SUCCESS."""
        assert reply[:24] == words(xid, 1, 0, 0, 0, 0), reply
        return reply[24:]


@pytest.fixture
def calls() -> Calls:
    return Calls()


@pytest.fixture
def sample() -> Sample:
    return Sample()
