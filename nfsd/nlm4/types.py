"""The types of the Network Lock Manager, version 4, in the order and spelling of RFC 1813 appendix II."""

from typing import Annotated

import xdr

uint64 = Annotated[int, xdr.UHYPER]
uint32 = Annotated[int, xdr.UINT]
int32 = Annotated[int, xdr.INT]
boolean = Annotated[bool, xdr.BOOL]

NLM_PROG = 100021
NLM4_VERS = 4

MAXNETOBJ_SZ = 1024
LM_MAXSTRLEN = 1024
MAXNAMELEN = LM_MAXSTRLEN + 1

netobj = Annotated[bytes, xdr.opaque(MAXNETOBJ_SZ)]


class nlm4_stats(xdr.Enum):
    NLM4_GRANTED = 0
    NLM4_DENIED = 1
    NLM4_DENIED_NOLOCKS = 2
    NLM4_BLOCKED = 3
    NLM4_DENIED_GRACE_PERIOD = 4
    NLM4_DEADLCK = 5
    NLM4_ROFS = 6
    NLM4_STALE_FH = 7
    NLM4_FBIG = 8
    NLM4_FAILED = 9


@xdr.struct
class nlm4_holder:
    exclusive: boolean
    svid: int32
    oh: netobj
    l_offset: uint64
    l_len: uint64


@xdr.struct
class nlm4_lock:
    caller_name: Annotated[bytes, xdr.string(LM_MAXSTRLEN)]
    fh: netobj
    oh: netobj
    svid: int32
    l_offset: uint64
    l_len: uint64


class fsh4_mode(xdr.Enum):
    FSM_DN = 0
    FSM_DR = 1
    FSM_DW = 2
    FSM_DRW = 3


class fsh4_access(xdr.Enum):
    FSA_NONE = 0
    FSA_R = 1
    FSA_W = 2
    FSA_RW = 3


@xdr.struct
class nlm4_share:
    caller_name: Annotated[bytes, xdr.string(LM_MAXSTRLEN)]
    fh: netobj
    oh: netobj
    mode: fsh4_mode
    access: fsh4_access


class nlm4_testrply(
    xdr.Union[nlm4_stats, nlm4_holder | None], arms={nlm4_stats.NLM4_DENIED: nlm4_holder}, default=None
):
    __slots__ = ()


@xdr.struct
class nlm4_stat:
    stat: nlm4_stats


@xdr.struct
class nlm4_res:
    cookie: netobj
    stat: nlm4_stat


@xdr.struct
class nlm4_testres:
    cookie: netobj
    stat: nlm4_testrply


@xdr.struct
class nlm4_testargs:
    cookie: netobj
    exclusive: boolean
    alock: nlm4_lock


@xdr.struct
class nlm4_lockargs:
    cookie: netobj
    block: boolean
    exclusive: boolean
    alock: nlm4_lock
    reclaim: boolean
    state: int32


@xdr.struct
class nlm4_cancargs:
    cookie: netobj
    block: boolean
    exclusive: boolean
    alock: nlm4_lock


@xdr.struct
class nlm4_unlockargs:
    cookie: netobj
    alock: nlm4_lock


@xdr.struct
class nlm4_shareargs:
    cookie: netobj
    share: nlm4_share
    reclaim: boolean


@xdr.struct
class nlm4_shareres:
    cookie: netobj
    stat: nlm4_stats
    sequence: int32


@xdr.struct
class nlm4_notify:
    name: Annotated[bytes, xdr.string(MAXNAMELEN)]
    state: int32
