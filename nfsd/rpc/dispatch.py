"""From a record to its reply: finds the procedure, checks the caller, runs it, packs what it returns.

No sockets, no tasks. A procedure is stepped in place; one that suspends comes back as a coroutine that goes
on from there, which the server makes a task of. What can be answered out of what is kept is asked for first,
for all calls of a buffer in one loop.

What a call's header leads to is kept per connection under the header's bytes, from message type to
verifier, for they are the same in every call that a client makes of a procedure: to find it takes a
fortieth of the time of reading the header again.
"""

import logging
from collections.abc import Callable, Coroutine, Iterable, Iterator
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any, NamedTuple, Protocol

import xdr
from nfsd.rpc import message
from nfsd.rpc.auth import Credential, Denied, read_credential
from nfsd.rpc.message import SUCCESS, XID_AND_SUCCESS_BYTES, success_head
from nfsd.rpc.program import Call, Fast, Packed, Procedure, Program
from nfsd.rpc.record import LAST
from nfsd.rpc.stepping import stepped
from nfsd.rpc.tally import Tallies, Tally
from nfsd.rpc.types import accept_stat, auth_stat

log = logging.getLogger(__name__)

ROUTES_PER_PEER = 64
"""Headers remembered for one connection, at most 2 KiB each: a dozen procedures for some five credentials."""

Reply = list[xdr.Part]


class Observer(Protocol):
    """Is told of every call when it is over, if a dispatch is given one; to count, `Tallies` is cheaper."""

    def __call__(self, program: int, procedure: str, status: str, seconds: float) -> None:
        """`status` is OK, the name of a failure's discriminant, or that of an RPC refusal."""


class Refusal(NamedTuple):
    """A call that was not let in, for the audit log."""

    client: str
    port: int
    program: int
    version: int
    procedure: int
    uid: int | None
    reason: str


@dataclass(slots=True)
class Route:
    """Where calls with one header go, and for whom."""

    program: Program
    procedure: Procedure
    credential: Credential
    end: int
    fast: Fast
    tally: Tally
    """Of calls that ended well, at hand: to find it for each call costs a quarter of a fast answer."""


def _never(record: bytes) -> None:
    """The fast answer of a procedure that has none."""


@dataclass(slots=True)
class Peer:
    """The other end of a connection, or the sender of a datagram."""

    client: str
    port: int
    transport: str
    routes: dict[bytes, Route] = field(default_factory=dict)
    header_end: int = 0
    """Where the last call's header ended: a guess for the next one, which the look-up proves."""

    @classmethod
    def at(cls, address: Any, transport: str) -> "Peer":
        """The peer at a socket address; an IPv4 address that came in through IPv6 is written as IPv4."""
        return cls(str(address[0]).removeprefix("::ffff:").partition("%")[0], int(address[1]), transport)


class Dispatch:
    """Answers calls to the given programs; two of one number must differ in version."""

    def __init__(
        self,
        programs: Iterable[Program],
        observer: Observer | None = None,
        audit: Callable[[Refusal], None] | None = None,
        tallies: Tallies | None = None,
    ) -> None:
        self._programs: dict[int, dict[int, Program]] = {}
        self._observer = observer
        self._tallies = tallies or Tallies()
        self._audit = audit or (lambda refusal: None)
        for program in programs:
            versions = self._programs.setdefault(program.number, {})
            if program.version in versions:
                raise ValueError(f"program {program.number} version {program.version} is given twice")
            versions[program.version] = program

    def answer_fast(
        self, calls: Iterator[bytes], peer: Peer, out: Reply, room: int
    ) -> tuple[int, bytes | None]:
        """Answer calls out of what is kept, until one cannot be or `out` was given `room` bytes or more.

        Gives how many bytes were added to `out`, without record marks, and the call that is left, if any, to
        `answer_left`. Calls of one kind in a row share the clock: to read it for each took 0.12 us of 1.2.
        """
        known, end = peer.routes.get, peer.header_end
        run: Route | None = None  # the kind of the last call; `count` of it in a row were answered
        size = count = 0
        began = perf_counter()
        left = None
        for record in calls:
            route = known(record[4:end])
            if route is not run:
                if run is not None:
                    began = self._count(run, count, began)
                run, count = route, 0
            result = None
            if route is not None:
                try:
                    result = route.fast(record)
                except Exception:
                    log.exception("fast answer to %s from %s: a bug", route.procedure.name, peer.client)
            if result is None:
                left = record
                break
            count += 1
            if isinstance(result, bytes):
                length = XID_AND_SUCCESS_BYTES + len(result)
                out.append(success_head(LAST | length, record[:4], SUCCESS) + result)
            else:
                length = XID_AND_SUCCESS_BYTES + sum(map(len, result))
                out.append(success_head(LAST | length, record[:4], SUCCESS))
                out += result
            size += length
            if size >= room:
                break
        if run is not None and count:
            self._count(run, count, began)
        return size, left

    def answer_left(self, record: bytes, peer: Peer) -> Reply | Coroutine[Any, Any, Reply] | None:
        """As `answer`, for the call that `answer_fast` left: if its header was known, it was tried fast."""
        route = peer.routes.get(record[4 : peer.header_end])
        return self.answer(record, peer) if route is None else self._call(route, record, peer)

    def answer(self, record: bytes, peer: Peer) -> Reply | Coroutine[Any, Any, Reply] | None:
        """The reply's parts, a coroutine that will give them, or None where no reply is due."""
        route = peer.routes.get(record[4 : peer.header_end])
        if route is None:
            try:
                route = self._route(record, peer)
            except message.Dropped:
                return None
            except message.Rejected as rejected:
                return [rejected.reply]
        began = perf_counter()
        try:
            result = route.fast(record)
        except Exception:
            log.exception("fast answer to %s from %s: a bug", route.procedure.name, peer.client)
            result = None
        if result is None:
            return self._call(route, record, peer)
        self._count(route, 1, began)
        return _success(record[:4], result)

    def _route(self, record: bytes, peer: Peer) -> Route:
        """Read the header and remember what it leads to; Rejected for a call that is refused."""
        xid = record[:4]
        header = message.read_call(record)
        versions = self._programs.get(header.program)
        if versions is None:
            raise message.Rejected("PROG_UNAVAIL", message.accepted(xid, accept_stat.PROG_UNAVAIL))
        program = versions.get(header.version)
        if program is None:
            mismatch = message.program_mismatch(xid, min(versions), max(versions))
            raise message.Rejected("PROG_MISMATCH", mismatch)
        procedure = program.table.get(header.procedure)
        if procedure is None:
            raise message.Rejected("PROC_UNAVAIL", message.accepted(xid, accept_stat.PROC_UNAVAIL))
        uid: int | None = None
        try:
            credential = read_credential(header.flavor, header.body)
            uid = credential.uid
            if header.procedure != 0 and not program.admits(peer.client):
                raise Denied(auth_stat.AUTH_TOOWEAK, "the client's network is not allowed")
        except Denied as denied:
            called = (header.program, header.version, header.procedure)
            self._audit(Refusal(peer.client, peer.port, *called, uid, str(denied)))
            raise message.Rejected("AUTH_ERROR", message.auth_error(xid, denied.stat)) from None
        fast = program.fast(header.procedure, credential, header.end) or _never
        tally = self._tallies.of(program.number, procedure.name, "OK")
        route = Route(program, procedure, credential, header.end, fast, tally)
        if len(peer.routes) >= ROUTES_PER_PEER:
            peer.routes.clear()
        peer.routes[record[4 : header.end]] = route
        peer.header_end = header.end
        return route

    def _call(self, route: Route, record: bytes, peer: Peer) -> Reply | Coroutine[Any, Any, Reply]:
        """The general way: arguments unpacked, the coroutine stepped until it returns or waits."""
        began = perf_counter()
        row, program = route.procedure, route.program
        try:
            arguments = row.unpack(record, route.end)
        except xdr.Error as error:
            log.debug("%s %s from %s: %s", type(program).__name__, row.name, peer.client, error)
            self._observe(route, "GARBAGE_ARGS", began)
            return [message.accepted(record[:4], accept_stat.GARBAGE_ARGS)]
        call = Call(
            xid=int.from_bytes(record[:4], "big"),
            program=program.number,
            version=program.version,
            procedure=row.number,
            credential=route.credential,
            client=peer.client,
            port=peer.port,
            transport=peer.transport,
        )
        return stepped(self._answer(route, arguments, call, began))

    async def _answer(self, route: Route, arguments: Any, call: Call, began: float) -> Reply:
        xid = call.xid.to_bytes(4, "big")
        row = route.procedure
        try:
            try:
                result = await row.method(route.program, arguments, call)
                status, reply = "OK", _packed(xid, row.head, row.pack_result, result)
            except Denied:
                raise
            except Exception as error:
                result = await route.program.failure(row, error, arguments, call)
                status = _status(result)
                reply = _packed(xid, message.SUCCESS, row.pack_failure, result)
        except Denied as denied:
            called = (call.program, call.version, call.procedure)
            self._audit(Refusal(call.client, call.port, *called, call.credential.uid, str(denied)))
            status, reply = "AUTH_ERROR", [message.auth_error(xid, denied.stat)]
        except Exception:
            log.exception("%s %s from %s: a bug", type(route.program).__name__, row.name, call.client)
            status, reply = "SYSTEM_ERR", [message.accepted(xid, accept_stat.SYSTEM_ERR)]
        self._observe(route, status, began)
        return reply

    def _count(self, route: Route, calls: int, began: float) -> float:
        """Count fast answers of one kind that were given in a row since `began`; the clock now."""
        now = perf_counter()
        seconds = now - began
        route.tally.calls += calls
        route.tally.seconds += seconds
        if self._observer:
            for _ in range(calls):
                self._observer(route.program.number, route.procedure.name, "OK", seconds / calls)
        return now

    def _observe(self, route: Route, status: str, began: float) -> None:
        seconds = perf_counter() - began
        number, name = route.program.number, route.procedure.name
        tally = route.tally if status == "OK" else self._tallies.of(number, name, status)
        tally.calls += 1
        tally.seconds += seconds
        if self._observer:
            self._observer(number, name, status, seconds)


def _status(result: Any) -> str:
    """A failure's name: that of its discriminant."""
    discriminant = result.discriminant if isinstance(result, xdr.Union) else result
    return str(getattr(discriminant, "name", "FAILED"))


def _packed(xid: bytes, head: bytes, pack: Callable[[Any, list[xdr.Part]], None], result: Any) -> Reply:
    """The reply with a result; what the procedure packed itself stands directly behind SUCCESS."""
    if isinstance(result, Packed):
        return _success(xid, result)
    parts: list[xdr.Part] = []
    pack(result, parts)
    return [message.reply(xid, head, sum(map(len, parts))), *parts]


def _success(xid: bytes, result: bytes | list[xdr.Part]) -> Reply:
    """The reply with a result that is packed already; one in parts begins with a short one."""
    if isinstance(result, bytes):
        return [message.success(xid, result)]
    head, *rest = result
    return [message.success(xid, head, sum(map(len, rest))), *rest]
