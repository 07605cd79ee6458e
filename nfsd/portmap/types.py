"""The types of RFC 1833 section 3, version 2 of the port mapper protocol, in its order and spelling."""

from typing import Annotated

import xdr

uint32 = Annotated[int, xdr.UINT]
boolean = Annotated[bool, xdr.BOOL]

PMAP_PORT = 111
PMAP_PROG = 100000
PMAP_VERS = 2


@xdr.struct
class mapping:
    prog: uint32
    vers: uint32
    prot: uint32
    port: uint32


IPPROTO_TCP = 6
IPPROTO_UDP = 17

pmaplist = Annotated[tuple[mapping, ...], xdr.linked()]
