import asyncio
import inspect
import logging
from typing import Any

import pytest

from nfsd.rpc import Dispatch, Peer, Program, Refusal, Tallies
from nfsd.rpc.dispatch import ROUTES_PER_PEER

LOCAL = ("127.0.0.1", 1000, "tcp")


class Caller:
    """A dispatch over one program, called as a connection calls it."""

    def __init__(self, program: Program, **hooks: Any) -> None:
        self.dispatch = Dispatch([program], **hooks)
        self.peer = Peer(*LOCAL)

    def now(self, record: bytes) -> bytes:
        """The reply, which must be there without waiting; its record mark is checked and taken off."""
        reply = self.dispatch.answer(record, self.peer)
        assert isinstance(reply, list)
        return self.unmarked(reply)

    async def later(self, record: bytes) -> bytes:
        reply = self.dispatch.answer(record, self.peer)
        assert inspect.iscoroutine(reply)
        return self.unmarked(await reply)

    @staticmethod
    def unmarked(reply: list[Any]) -> bytes:
        data = b"".join(reply)
        assert int.from_bytes(data[:4], "big") == 0x8000_0000 | (len(data) - 4)
        return data[4:]


@pytest.fixture
def caller(sample: Any) -> Caller:
    return Caller(sample)


def test_a_call_that_does_not_wait_is_answered_at_once(caller: Caller, sample: Any, calls: Any) -> None:
    assert calls.results(caller.now(calls.make(1, calls.words(5), xid=77)), 77) == calls.words(5)
    call = sample.calls[0]
    assert (call.xid, call.program, call.version, call.procedure) == (77, 300_000, 3, 1)
    assert (call.client, call.port, call.transport, call.credential.uid) == (*LOCAL, 1000)


def test_null_needs_no_method(caller: Caller, calls: Any) -> None:
    assert calls.results(caller.now(calls.make(0))) == b""


async def test_a_call_that_waits_is_a_coroutine_for_the_rest(caller: Caller, sample: Any, calls: Any) -> None:
    reply = asyncio.create_task(caller.later(calls.make(3, calls.words(5))))
    await asyncio.sleep(0)
    assert not reply.done()
    sample.gate.set()
    assert calls.results(await reply) == calls.words(5)


async def test_what_a_wait_raises_reaches_the_procedure(caller: Caller, calls: Any) -> None:
    reply = asyncio.create_task(caller.later(calls.make(3, calls.words(5))))
    await asyncio.sleep(0)
    reply.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reply


async def test_a_failure_is_the_programs_to_pack(caller: Caller, calls: Any) -> None:
    assert calls.results(caller.now(calls.make(2, calls.words(8)))) == calls.words(0, 4)
    assert calls.results(await caller.later(calls.make(2, calls.words(7)))) == calls.words(5)


@pytest.mark.parametrize("number", [4, 9])
async def test_a_bug_is_logged_with_its_traceback_and_answered_system_err(
    caller: Caller, calls: Any, caplog: pytest.LogCaptureFixture, number: int
) -> None:
    with caplog.at_level(logging.ERROR):
        assert await caller.later(calls.make(number)) == calls.words(1, 1, 0, 0, 0, 5)
    assert caplog.records[0].exc_info
    assert "Sample" in caplog.text


@pytest.mark.parametrize(
    ("changed", "tail"),
    [
        ({"program": 300_001}, (0, 0, 0, 1)),
        ({"version": 4}, (0, 0, 0, 2, 3, 3)),
        ({"version": 2}, (0, 0, 0, 2, 3, 3)),
        ({"procedure": 44}, (0, 0, 0, 3)),
        ({"arguments": b""}, (0, 0, 0, 4)),
        ({"arguments": b"\0\0\0\1\0\0\0\0"}, (0, 0, 0, 4)),
        ({"flavor": 6}, (1, 1, 2)),
        ({"flavor": 999}, (1, 1, 2)),
        ({"procedure": 5, "arguments": b""}, (1, 1, 5)),
    ],
)
def test_refusals(caller: Caller, calls: Any, changed: dict[str, Any], tail: tuple[int, ...]) -> None:
    record = calls.make(**{"procedure": 1, "arguments": b"\0\0\0\1", **changed})
    for _ in range(2):  # the second time, the header may be known already
        assert caller.now(record) == calls.words(1, 1, *tail)


def test_a_version_between_those_served_is_a_mismatch_too(calls: Any, sample: Any) -> None:
    class Later(type(sample), version=5): ...  # type: ignore[misc]

    dispatch = Dispatch([sample, Later()])
    reply = dispatch.answer(calls.make(1, version=4), Peer(*LOCAL))
    assert isinstance(reply, list)
    assert Caller.unmarked(reply) == calls.words(1, 1, 0, 0, 0, 2, 3, 5)
    with pytest.raises(ValueError, match="given twice"):
        Dispatch([sample, sample])


def test_a_reply_sent_to_us_is_dropped(caller: Caller, calls: Any) -> None:
    assert caller.dispatch.answer(calls.words(1, 1, 0, 0, 0, 0), caller.peer) is None
    assert caller.dispatch.answer(b"", caller.peer) is None


def test_a_foreign_network_may_only_call_null(sample: Any, calls: Any) -> None:
    refused: list[Refusal] = []
    caller = Caller(sample, audit=refused.append)
    caller.peer = Peer("10.0.0.1", 1000, "tcp")
    assert caller.now(calls.make(1, calls.words(5), uid=7)) == calls.words(1, 1, 1, 1, 5)
    assert calls.results(caller.now(calls.make(0))) == b""
    assert sample.calls == []
    assert refused == [
        Refusal("10.0.0.1", 1000, 300_000, 3, 1, 7, "the client's network is not allowed"),
    ]


def test_a_denied_call_is_audited(sample: Any, calls: Any) -> None:
    refused: list[Refusal] = []
    caller = Caller(sample, audit=refused.append)
    caller.now(calls.make(5))
    caller.now(calls.make(1, flavor=6))
    assert [(each.procedure, each.uid, each.reason) for each in refused] == [
        (5, 1000, "AUTH_TOOWEAK"),
        (1, None, "credentials of flavor 6 are not taken"),
    ]


def test_headers_are_remembered_by_credential_and_bounded(caller: Caller, sample: Any, calls: Any) -> None:
    for uid in range(ROUTES_PER_PEER * 2 + 3):
        record = calls.make(1, calls.words(5), uid=uid)
        caller.now(record)
        caller.now(record)
        assert [call.credential.uid for call in sample.calls[-2:]] == [uid, uid]
    assert len(caller.peer.routes) <= ROUTES_PER_PEER


def test_a_known_header_with_other_lengths_is_read_anew(caller: Caller, sample: Any, calls: Any) -> None:
    for flavor, uid in [(1, 1000), (0, 65534), (1, 1000), (0, 65534)]:
        caller.now(calls.make(1, calls.words(5), flavor=flavor))
        assert sample.calls[-1].credential.uid == uid


def test_a_result_may_be_packed_already(caller: Caller, calls: Any) -> None:
    assert calls.results(caller.now(calls.make(7))) == calls.words(7)


def test_large_results_are_parts(caller: Caller, calls: Any) -> None:
    reply = caller.dispatch.answer(calls.make(6, calls.words(1 << 20)), caller.peer)
    assert isinstance(reply, list)
    assert [len(part) for part in reply if isinstance(part, memoryview)] == [1 << 20]
    assert int.from_bytes(reply[0][:4], "big") == 0x8000_0000 | (24 + 4 + (1 << 20))


@pytest.mark.parametrize(("number", "result", "fast"), [(0, 99, 0), (1, 1, 1), (2, 2, 1)])
def test_a_program_may_answer_fast_or_leave_it(
    caller: Caller, sample: Any, calls: Any, number: int, result: int, fast: int
) -> None:
    assert calls.results(caller.now(calls.make(8, calls.words(number)))) == calls.words(result)
    assert len(sample.served_fast) == fast


def test_a_fast_answer_is_for_one_credential(caller: Caller, sample: Any, calls: Any) -> None:
    for uid in (7, 8, 7, 8):
        caller.now(calls.make(8, calls.words(1), uid=uid))
    assert sample.served_fast == [7, 8, 7, 8]


def test_a_bug_in_a_fast_answer_is_logged_and_leaves_the_call_to_the_procedure(
    caller: Caller, calls: Any, caplog: pytest.LogCaptureFixture
) -> None:
    assert caller.now(calls.make(8)) == calls.words(1, 1, 0, 0, 0, 4)
    assert caplog.records[0].exc_info
    assert "fast answer to MAYBE_FAST from 127.0.0.1: a bug" in caplog.text


class Buffer:
    """Calls that came together, answered fast as far as that goes."""

    def __init__(self, caller: Caller, *records: bytes, room: int = 1 << 20) -> None:
        for record in records:
            caller.now(record)  # headers are known from here on
        self.out: list[Any] = []
        self.calls = iter(records)
        self.size, self.left = caller.dispatch.answer_fast(self.calls, caller.peer, self.out, room)

    def replies(self, calls: Any) -> list[tuple[int, bytes]]:
        """The xid and the results of each reply, in order."""
        stream, replies = b"".join(self.out), []
        while stream:
            end = 4 + (int.from_bytes(stream[:4], "big") ^ 1 << 31)
            xid = int.from_bytes(stream[4:8], "big")
            replies.append((xid, calls.results(stream[4:end], xid)))
            stream = stream[end:]
        assert self.size == sum(24 + len(results) for _, results in replies)
        return replies


def test_calls_that_came_together_are_answered_in_order(caller: Caller, calls: Any) -> None:
    records = [
        calls.make(8, calls.words(1), xid=1),
        calls.make(8, calls.words(2), xid=2, uid=7),
        calls.make(10, calls.words(8), xid=3),
        calls.make(8, calls.words(1), xid=4, uid=7),
    ]
    buffer = Buffer(caller, *records)
    assert buffer.left is None
    assert buffer.replies(calls) == [
        (1, calls.words(1)),
        (2, calls.words(2)),
        (3, calls.words(8, 0, 0)),
        (4, calls.words(1)),
    ]


@pytest.mark.parametrize("slow", [(1, 5), (8, 0)])
def test_what_has_no_fast_answer_is_left_with_what_follows(
    caller: Caller, calls: Any, slow: tuple[int, int]
) -> None:
    number, argument = slow
    fast, other = calls.make(8, calls.words(1)), calls.make(number, calls.words(argument))
    buffer = Buffer(caller, fast, other, fast)
    assert (buffer.left, list(buffer.calls)) == (other, [fast])
    assert buffer.replies(calls) == [(1, calls.words(1))]


def test_a_header_not_met_yet_is_left(caller: Caller, calls: Any) -> None:
    record = calls.make(8, calls.words(1))
    assert caller.dispatch.answer_fast(iter([record]), caller.peer, [], 100) == (0, record)


def test_a_call_that_was_tried_fast_is_not_counted_for_it(sample: Any, calls: Any) -> None:
    tallies = Tallies()
    caller, record = Caller(sample, tallies=tallies), calls.make(8, calls.words(0))
    caller.now(record)
    ((*_, tally),) = tallies
    counted = tally.calls, tally.seconds
    assert caller.dispatch.answer_fast(iter([record]), caller.peer, [], 100) == (0, record)
    assert (tally.calls, tally.seconds) == counted
    assert caller.unmarked(caller.dispatch.answer_left(record, caller.peer))[24:] == calls.words(99)
    assert tally.calls == 2


@pytest.mark.parametrize(("room", "answered"), [(1, 1), (28, 1), (29, 2), (57, 3), (1000, 4)])
def test_no_further_call_is_looked_at_without_room(
    caller: Caller, calls: Any, room: int, answered: int
) -> None:
    buffer = Buffer(caller, *[calls.make(8, calls.words(1 + n % 2), xid=n) for n in range(4)], room=room)
    assert len(buffer.replies(calls)) == answered
    assert buffer.left is None
    assert len(list(buffer.calls)) == 4 - answered


def test_calls_in_a_row_share_the_clock_and_are_counted_each(sample: Any, calls: Any) -> None:
    seen: list[tuple[str, float]] = []
    tallies = Tallies()
    caller = Caller(sample, observer=lambda *told: seen.append((told[1], told[3])), tallies=tallies)
    fast, whole = calls.make(8, calls.words(1)), calls.make(10, calls.words(1))
    Buffer(caller, fast, fast, whole, fast)
    names = [name for name, _ in seen[4:]]
    assert names == ["MAYBE_FAST", "MAYBE_FAST", "READ_FAST", "MAYBE_FAST"]
    assert seen[4] == seen[5]
    counted = {name: (tally.calls, tally.seconds) for _, name, _, tally in tallies}
    assert {name: count for name, (count, _) in counted.items()} == {"MAYBE_FAST": 6, "READ_FAST": 2}
    for name, (_, seconds) in counted.items():
        assert seconds == pytest.approx(sum(spent for each, spent in seen if each == name))


async def test_the_observer_is_told_how_each_call_ended(sample: Any, calls: Any) -> None:
    seen: list[tuple[int, str, str]] = []

    def observe(program: int, procedure: str, status: str, seconds: float) -> None:
        assert 0 <= seconds < 60
        seen.append((program, procedure, status))

    tallies = Tallies()
    caller = Caller(sample, observer=observe, tallies=tallies)
    caller.now(calls.make(1, calls.words(5)))
    caller.now(calls.make(1))
    caller.now(calls.make(5))
    caller.now(calls.make(8, calls.words(1)))
    await caller.later(calls.make(2, calls.words(7)))
    await caller.later(calls.make(4))
    assert seen == [
        (300_000, "ECHO", "OK"),
        (300_000, "ECHO", "GARBAGE_ARGS"),
        (300_000, "DENY", "AUTH_ERROR"),
        (300_000, "MAYBE_FAST", "OK"),
        (300_000, "HALVE", "BAD"),
        (300_000, "CRASH", "SYSTEM_ERR"),
    ]
    assert sorted(seen) == [(program, name, status) for program, name, status, _ in tallies]
    assert all(tally.calls == 1 and 0 < tally.seconds < 60 for *_, tally in tallies)


@pytest.mark.parametrize(
    ("address", "client"),
    [
        (("127.0.0.1", 7), "127.0.0.1"),
        (("::ffff:10.0.0.1", 7, 0, 0), "10.0.0.1"),
        (("fe80::1%eth0", 7, 0, 2), "fe80::1"),
    ],
)
def test_the_address_of_a_peer(address: Any, client: str) -> None:
    peer = Peer.at(address, "tcp")
    assert (peer.client, peer.port) == (client, 7)
