"""Call headers in, reply headers out (RFC 5531 section 9).

A record given to `read_call` starts with the xid. A reply made here starts with its record mark, as TCP
wants it: the mark, the xid and what follows are then one `struct` call. UDP sends it from its fifth byte.
"""

import struct
from typing import NamedTuple

import xdr
from nfsd.rpc.record import LAST
from nfsd.rpc.types import (
    AUTH_BODY_BYTES_MAX,
    RPC_VERSION,
    accept_stat,
    auth_stat,
    msg_type,
    reject_stat,
    reply_stat,
)

MARK_BYTES = 4
LEAST_CALL_BYTES = 12
"""Less than xid, type and RPC version: nothing that could be answered."""

_words = struct.Struct(">III").unpack_from
_header = struct.Struct(">IIIiI").unpack_from
_opaque = struct.Struct(">iI").unpack_from
_reply = struct.Struct(">I4s").pack

success_head = struct.Struct(">I4s20s").pack
"""The head of a successful reply from its mark, xid and SUCCESS; as such for whoever has no time for
`success`."""
XID_AND_SUCCESS_BYTES = 24
"""What a mark counts of that head."""


class Dropped(Exception):
    """The record is no call: it gets no reply."""


class Rejected(Exception):
    """The call's header is refused; `reply` is the refusal, `stat` its name in the RFC."""

    def __init__(self, stat: str, reply: bytes) -> None:
        super().__init__(stat)
        self.stat = stat
        self.reply = reply


class Header(NamedTuple):
    """A call's header; its arguments begin at the byte `end` of the record."""

    program: int
    version: int
    procedure: int
    flavor: int
    body: bytes
    end: int


def read_call(record: bytes) -> Header:
    """The header of the call in `record`; Dropped for what is no call, Rejected for a call that must be
    refused."""
    if len(record) < LEAST_CALL_BYTES:
        raise Dropped(f"{len(record)} bytes are no call")
    _, mtype, rpcvers = _words(record, 0)
    if mtype != msg_type.CALL:
        raise Dropped(f"message type {mtype} is not CALL")
    xid = record[:4]
    if rpcvers != RPC_VERSION:
        raise Rejected("RPC_MISMATCH", rpc_mismatch(xid))
    try:
        program, version, procedure, flavor, size = _header(record, 12)
        if size > AUTH_BODY_BYTES_MAX:
            raise Rejected("AUTH_ERROR", auth_error(xid, auth_stat.AUTH_BADCRED))
        body, offset = _body(record, 32, size)
        _, size = _opaque(record, offset)
        if size > AUTH_BODY_BYTES_MAX:
            raise Rejected("AUTH_ERROR", auth_error(xid, auth_stat.AUTH_BADVERF))
        _, end = _body(record, offset + 8, size)
    except (struct.error, xdr.Error):
        raise Rejected("GARBAGE_ARGS", accepted(xid, accept_stat.GARBAGE_ARGS)) from None
    return Header(program, version, procedure, flavor, body, end)


def _body(record: bytes, offset: int, size: int) -> tuple[bytes, int]:
    """The body of an opaque_auth, and where it ends with its fill."""
    end = offset + size + (-size & 3)
    if end > len(record):
        raise xdr.Error(f"opaque_auth.body: {end - offset} bytes are required")
    if any(record[offset + size : end]):
        raise xdr.Error("opaque_auth.body: the fill is not zero")
    return record[offset : offset + size], end


_ACCEPTED = struct.pack(">IIII", msg_type.REPLY, reply_stat.MSG_ACCEPTED, 0, 0)
"""The head of an accepted reply behind the xid: the verifier is AUTH_NONE and empty."""
_DENIED = struct.pack(">II", msg_type.REPLY, reply_stat.MSG_DENIED)
SUCCESS = _ACCEPTED + struct.pack(">I", accept_stat.SUCCESS)
"""What stands between the xid and the results."""


def reply(xid: bytes, tail: bytes, following: int = 0) -> bytes:
    """A reply's bytes: mark, xid and `tail`; `following` more bytes of the same record are sent behind
    them."""
    return _reply(LAST | (4 + len(tail) + following), xid) + tail


def success(xid: bytes, results: xdr.Part, following: int = 0) -> bytes:
    """As `reply`, for results, or their beginning, that are short enough to be copied."""
    return success_head(LAST | (XID_AND_SUCCESS_BYTES + len(results) + following), xid, SUCCESS) + results


def accepted(xid: bytes, stat: accept_stat) -> bytes:
    """A reply without results: the call was understood and could not be done."""
    return reply(xid, _ACCEPTED + struct.pack(">I", stat))


def program_mismatch(xid: bytes, low: int, high: int) -> bytes:
    """PROG_MISMATCH with the lowest and the highest version that is served."""
    return reply(xid, _ACCEPTED + struct.pack(">III", accept_stat.PROG_MISMATCH, low, high))


def rpc_mismatch(xid: bytes) -> bytes:
    """RPC_MISMATCH: only version 2 of RPC is spoken."""
    return reply(xid, _DENIED + struct.pack(">III", reject_stat.RPC_MISMATCH, RPC_VERSION, RPC_VERSION))


def auth_error(xid: bytes, stat: auth_stat) -> bytes:
    """AUTH_ERROR: the credential is not taken."""
    return reply(xid, _DENIED + struct.pack(">II", reject_stat.AUTH_ERROR, stat))
