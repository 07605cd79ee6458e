"""The types of the status monitor protocol, version 1, in the order and spelling of X/Open NFS chapter 11."""

from typing import Annotated

import xdr

int32 = Annotated[int, xdr.INT]

SM_PROG = 100024
SM_VERS = 1
SM_MAXSTRLEN = 1024
SM_PRIV_SIZE = 16

name = Annotated[bytes, xdr.string(SM_MAXSTRLEN)]


@xdr.struct
class sm_name:
    mon_name: name


class res(xdr.Enum):
    STAT_SUCC = 0
    STAT_FAIL = 1


@xdr.struct
class sm_stat_res:
    res_stat: res
    state: int32


@xdr.struct
class sm_stat:
    state: int32


@xdr.struct
class my_id:
    my_name: name
    my_prog: int32
    my_vers: int32
    my_proc: int32


@xdr.struct
class mon_id:
    mon_name: name
    my_id: my_id


@xdr.struct
class mon:
    mon_id: mon_id
    priv: Annotated[bytes, xdr.fixed(SM_PRIV_SIZE)]


@xdr.struct
class stat_chge:
    mon_name: name
    state: int32


@xdr.struct
class status:
    """What the monitor calls a program back with."""

    mon_name: name
    state: int32
    priv: Annotated[bytes, xdr.fixed(SM_PRIV_SIZE)]
