import struct

import xdr
from nfsd.rpc.types import (
    accept_stat,
    accepted_reply,
    auth_stat,
    authsys_parms,
    body,
    call_body,
    mismatch_info,
    msg_type,
    opaque_auth,
    reject_stat,
    rejected_reply,
    reply_body,
    reply_data,
    reply_stat,
    rpc_msg,
)

NONE = opaque_auth(0, b"")


def words(*numbers: int) -> bytes:
    return struct.pack(f">{len(numbers)}I", *numbers)


def test_a_call_is_laid_out_as_in_section_9() -> None:
    call = rpc_msg(7, body(msg_type.CALL, call_body(2, 100003, 3, 1, opaque_auth(1, b"abcde"), NONE)))
    assert xdr.pack(rpc_msg, call) == words(7, 0, 2, 100003, 3, 1, 1, 5) + b"abcde\0\0\0" + words(0, 0)


def test_replies_are_laid_out_as_in_section_9() -> None:
    def packed(stat: reply_stat, arm: accepted_reply | rejected_reply) -> bytes:
        return xdr.pack(rpc_msg, rpc_msg(7, body(msg_type.REPLY, reply_body(stat, arm))))

    accepted = accepted_reply(NONE, reply_data(accept_stat.PROG_MISMATCH, mismatch_info(3, 4)))
    assert packed(reply_stat.MSG_ACCEPTED, accepted) == words(7, 1, 0, 0, 0, 2, 3, 4)
    accepted = accepted_reply(NONE, reply_data(accept_stat.SYSTEM_ERR, None))
    assert packed(reply_stat.MSG_ACCEPTED, accepted) == words(7, 1, 0, 0, 0, 5)
    rejected = rejected_reply(reject_stat.RPC_MISMATCH, mismatch_info(2, 2))
    assert packed(reply_stat.MSG_DENIED, rejected) == words(7, 1, 1, 0, 2, 2)
    rejected = rejected_reply(reject_stat.AUTH_ERROR, auth_stat.AUTH_TOOWEAK)
    assert packed(reply_stat.MSG_DENIED, rejected) == words(7, 1, 1, 1, 5)


def test_authsys_parms_are_laid_out_as_in_appendix_a() -> None:
    parms = authsys_parms(1, b"host", 1000, 100, (4, 24))
    assert xdr.pack(authsys_parms, parms) == words(1, 4) + b"host" + words(1000, 100, 2, 4, 24)
