import struct

import pytest

import xdr
from nfsd.rpc import message
from nfsd.rpc.record import LAST
from nfsd.rpc.types import accept_stat, auth_stat, reply_stat, rpc_msg

XID = b"\1\2\3\4"


def words(*numbers: int) -> bytes:
    return struct.pack(f">{len(numbers)}I", *numbers)


def call(rpcvers: int = 2, cred: bytes = b"", verf: bytes = b"") -> bytes:
    def auth(body: bytes) -> bytes:
        return words(1, len(body)) + body + bytes(-len(body) & 3)

    return XID + words(0, rpcvers, 100003, 3, 6) + auth(cred) + auth(verf)


def unmarked(reply: bytes) -> rpc_msg:
    """The reply as RFC 5531's own type."""
    (mark,) = struct.unpack_from(">I", reply)
    assert mark == LAST | (len(reply) - 4)
    value: rpc_msg = xdr.unpack(rpc_msg, reply[4:])
    assert value.xid == 0x01020304
    return value


def test_a_call_header_is_read_to_where_the_arguments_begin() -> None:
    header = message.read_call(call(cred=b"abcde", verf=b"v") + b"arguments")
    assert (header.program, header.version, header.procedure) == (100003, 3, 6)
    assert (header.flavor, header.body) == (1, b"abcde")
    assert header.end == len(call(cred=b"abcde", verf=b"v"))


@pytest.mark.parametrize("size", range(12))
def test_less_than_could_be_answered_is_dropped(size: int) -> None:
    with pytest.raises(message.Dropped):
        message.read_call(call()[:size])


@pytest.mark.parametrize("mtype", [1, 2])
def test_what_is_no_call_is_dropped(mtype: int) -> None:
    with pytest.raises(message.Dropped, match=f"message type {mtype}"):
        message.read_call(XID + words(mtype) + call()[8:])


def rejection(record: bytes) -> tuple[str, rpc_msg]:
    with pytest.raises(message.Rejected) as caught:
        message.read_call(record)
    return caught.value.stat, unmarked(caught.value.reply)


@pytest.mark.parametrize("rpcvers", [0, 1, 3])
def test_another_rpc_version_is_a_mismatch(rpcvers: int) -> None:
    stat, reply = rejection(call(rpcvers)[:12])
    assert stat == "RPC_MISMATCH"
    assert reply == unmarked(message.rpc_mismatch(XID))
    mismatch = reply.body.arm.arm.arm
    assert (mismatch.low, mismatch.high) == (2, 2)


def test_every_truncated_header_is_garbage() -> None:
    whole = call(cred=b"abcde", verf=b"fgh")
    for size in range(12, len(whole)):
        stat, reply = rejection(whole[:size])
        assert stat == "GARBAGE_ARGS"
        assert reply.body.arm.arm.reply_data.discriminant == accept_stat.GARBAGE_ARGS


def test_fill_that_is_not_zero_is_garbage() -> None:
    whole = call(cred=b"abcde")
    assert rejection(whole.replace(b"abcde\0\0\0", b"abcde\0\1\0"))[0] == "GARBAGE_ARGS"


def test_a_credential_or_verifier_over_400_bytes_is_an_auth_error() -> None:
    message.read_call(call(cred=bytes(400), verf=bytes(400)))
    for record, stat in [
        (call(cred=bytes(401)), auth_stat.AUTH_BADCRED),
        (call(verf=bytes(401)), auth_stat.AUTH_BADVERF),
    ]:
        name, reply = rejection(record)
        assert name == "AUTH_ERROR"
        assert reply.body.arm.discriminant == reply_stat.MSG_DENIED
        assert reply.body.arm.arm.arm == stat


@pytest.mark.parametrize("stat", [stat for stat in accept_stat if stat != accept_stat.PROG_MISMATCH])
def test_accepted_replies(stat: accept_stat) -> None:
    reply = unmarked(message.accepted(XID, stat))
    assert reply.body.arm.arm.reply_data.discriminant == stat
    assert reply.body.arm.arm.verf.flavor == 0


def test_a_program_mismatch_says_what_is_served() -> None:
    data = unmarked(message.program_mismatch(XID, 3, 4)).body.arm.arm.reply_data
    assert data.discriminant == accept_stat.PROG_MISMATCH
    assert (data.arm.low, data.arm.high) == (3, 4)


def test_the_mark_counts_what_follows() -> None:
    reply = message.reply(XID, message.SUCCESS, 100)
    assert reply == words(LAST | 124) + XID + words(1, 0, 0, 0, 0)


def test_a_success_is_a_reply_with_its_results() -> None:
    assert message.success(XID, b"results.") == message.reply(XID, message.SUCCESS + b"results.")
