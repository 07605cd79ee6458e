"""The types of RFC 5531, in its order and spelling (sections 8.2, 9 and appendix A)."""

from typing import Annotated

import xdr

uint32 = Annotated[int, xdr.UINT]
int32 = Annotated[int, xdr.INT]

RPC_VERSION = 2


class auth_flavor(xdr.Enum):
    AUTH_NONE = 0
    AUTH_SYS = 1
    AUTH_SHORT = 2
    AUTH_DH = 3
    RPCSEC_GSS = 6


AUTH_BODY_BYTES_MAX = 400


@xdr.struct
class opaque_auth:
    """The flavor is an int, because calls may carry any registered number."""

    flavor: int32
    body: Annotated[bytes, xdr.opaque(AUTH_BODY_BYTES_MAX)]


class msg_type(xdr.Enum):
    CALL = 0
    REPLY = 1


class reply_stat(xdr.Enum):
    MSG_ACCEPTED = 0
    MSG_DENIED = 1


class accept_stat(xdr.Enum):
    SUCCESS = 0
    PROG_UNAVAIL = 1
    PROG_MISMATCH = 2
    PROC_UNAVAIL = 3
    GARBAGE_ARGS = 4
    SYSTEM_ERR = 5


class reject_stat(xdr.Enum):
    RPC_MISMATCH = 0
    AUTH_ERROR = 1


class auth_stat(xdr.Enum):
    AUTH_OK = 0
    AUTH_BADCRED = 1
    AUTH_REJECTEDCRED = 2
    AUTH_BADVERF = 3
    AUTH_REJECTEDVERF = 4
    AUTH_TOOWEAK = 5
    AUTH_INVALIDRESP = 6
    AUTH_FAILED = 7
    AUTH_KERB_GENERIC = 8
    AUTH_TIMEEXPIRE = 9
    AUTH_TKT_FILE = 10
    AUTH_DECODE = 11
    AUTH_NET_ADDR = 12
    RPCSEC_GSS_CREDPROBLEM = 13
    RPCSEC_GSS_CTXPROBLEM = 14


@xdr.struct
class mismatch_info:
    low: uint32
    high: uint32


@xdr.struct
class call_body:
    """The procedure's arguments follow it."""

    rpcvers: uint32
    prog: uint32
    vers: uint32
    proc: uint32
    cred: opaque_auth
    verf: opaque_auth


class reply_data(
    xdr.Union[accept_stat, mismatch_info | None],
    arms={accept_stat.PROG_MISMATCH: mismatch_info},
    default=None,
):
    """The procedure's results follow SUCCESS."""

    __slots__ = ()


@xdr.struct
class accepted_reply:
    verf: opaque_auth
    reply_data: reply_data


class rejected_reply(
    xdr.Union[reject_stat, mismatch_info | auth_stat],
    arms={reject_stat.RPC_MISMATCH: mismatch_info, reject_stat.AUTH_ERROR: auth_stat},
):
    __slots__ = ()


class reply_body(
    xdr.Union[reply_stat, accepted_reply | rejected_reply],
    arms={reply_stat.MSG_ACCEPTED: accepted_reply, reply_stat.MSG_DENIED: rejected_reply},
):
    __slots__ = ()


class body(
    xdr.Union[msg_type, call_body | reply_body],
    arms={msg_type.CALL: call_body, msg_type.REPLY: reply_body},
):
    __slots__ = ()


@xdr.struct
class rpc_msg:
    xid: uint32
    body: body


@xdr.struct
class authsys_parms:
    """The body of an AUTH_SYS credential (appendix A)."""

    stamp: uint32
    machinename: Annotated[bytes, xdr.string(255)]
    uid: uint32
    gid: uint32
    gids: Annotated[tuple[uint32, ...], xdr.array(16)]
