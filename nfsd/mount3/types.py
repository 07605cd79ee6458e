"""RFC 1813 appendix I: the types of the MOUNT version 3 program, in the RFC's order and spelling."""

from typing import Annotated, TypeAlias

import xdr

# Section 5.1.2: sizes, in bytes.
MNTPATHLEN = 1024
MNTNAMLEN = 255
FHSIZE3 = 64

PROGRAM = 100005
VERSION = 3

# Section 5.1.3: basic data types.
fhandle3: TypeAlias = Annotated[bytes, xdr.opaque(FHSIZE3)]
dirpath: TypeAlias = Annotated[bytes, xdr.string(MNTPATHLEN)]
name: TypeAlias = Annotated[bytes, xdr.string(MNTNAMLEN)]


class mountstat3(xdr.Enum):
    MNT3_OK = 0
    MNT3ERR_PERM = 1
    MNT3ERR_NOENT = 2
    MNT3ERR_IO = 5
    MNT3ERR_ACCES = 13
    MNT3ERR_NOTDIR = 20
    MNT3ERR_INVAL = 22
    MNT3ERR_NAMETOOLONG = 63
    MNT3ERR_NOTSUPP = 10004
    MNT3ERR_SERVERFAULT = 10006


# Section 5.2.1: procedure 1, MNT.
@xdr.struct
class mountres3_ok:
    fhandle: fhandle3
    auth_flavors: Annotated[tuple[Annotated[int, xdr.INT], ...], xdr.array()]


class mountres3(
    xdr.Union[mountstat3, mountres3_ok | None], arms={mountstat3.MNT3_OK: mountres3_ok}, default=None
):
    __slots__ = ()


# Section 5.2.2: procedure 2, DUMP.
@xdr.struct
class mountbody:
    ml_hostname: name
    ml_directory: dirpath


mountlist: TypeAlias = Annotated[tuple[mountbody, ...], xdr.linked()]


# Section 5.2.5: procedure 5, EXPORT.
@xdr.struct
class groupnode:
    gr_name: name


groups: TypeAlias = Annotated[tuple[groupnode, ...], xdr.linked()]


@xdr.struct
class exportnode:
    ex_dir: dirpath
    ex_groups: groups


exports: TypeAlias = Annotated[tuple[exportnode, ...], xdr.linked()]
