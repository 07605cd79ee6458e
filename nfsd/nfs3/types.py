"""RFC 1813: the types of the NFS version 3 protocol, in the RFC's order and spelling.

The wire's unions of a status become `Result`, its linked lists tuples, its optional parts None. A name that
Python reserves has an underscore behind it (`RENAME3args.from_`).
"""

from typing import Annotated, Generic, TypeAlias, TypeVar

import xdr

# Section 2.1: where the program is, and its version.
PROGRAM = 100003
VERSION = 3

# Section 2.4: sizes, in bytes.
NFS3_FHSIZE = 64
NFS3_COOKIEVERFSIZE = 8
NFS3_CREATEVERFSIZE = 8
NFS3_WRITEVERFSIZE = 8

# Section 2.5: basic data types.
uint64: TypeAlias = Annotated[int, xdr.UHYPER]
int64: TypeAlias = Annotated[int, xdr.HYPER]
uint32: TypeAlias = Annotated[int, xdr.UINT]
int32: TypeAlias = Annotated[int, xdr.INT]
boolean: TypeAlias = Annotated[bool, xdr.BOOL]
filename3: TypeAlias = Annotated[bytes, xdr.string()]
nfspath3: TypeAlias = Annotated[bytes, xdr.string()]
fileid3: TypeAlias = uint64
cookie3: TypeAlias = uint64
cookieverf3: TypeAlias = Annotated[bytes, xdr.fixed(NFS3_COOKIEVERFSIZE)]
createverf3: TypeAlias = Annotated[bytes, xdr.fixed(NFS3_CREATEVERFSIZE)]
writeverf3: TypeAlias = Annotated[bytes, xdr.fixed(NFS3_WRITEVERFSIZE)]
uid3: TypeAlias = uint32
gid3: TypeAlias = uint32
size3: TypeAlias = uint64
offset3: TypeAlias = uint64
mode3: TypeAlias = uint32
count3: TypeAlias = uint32


class nfsstat3(xdr.Enum):
    NFS3_OK = 0
    NFS3ERR_PERM = 1
    NFS3ERR_NOENT = 2
    NFS3ERR_IO = 5
    NFS3ERR_NXIO = 6
    NFS3ERR_ACCES = 13
    NFS3ERR_EXIST = 17
    NFS3ERR_XDEV = 18
    NFS3ERR_NODEV = 19
    NFS3ERR_NOTDIR = 20
    NFS3ERR_ISDIR = 21
    NFS3ERR_INVAL = 22
    NFS3ERR_FBIG = 27
    NFS3ERR_NOSPC = 28
    NFS3ERR_ROFS = 30
    NFS3ERR_MLINK = 31
    NFS3ERR_NAMETOOLONG = 63
    NFS3ERR_NOTEMPTY = 66
    NFS3ERR_DQUOT = 69
    NFS3ERR_STALE = 70
    NFS3ERR_REMOTE = 71
    NFS3ERR_BADHANDLE = 10001
    NFS3ERR_NOT_SYNC = 10002
    NFS3ERR_BAD_COOKIE = 10003
    NFS3ERR_NOTSUPP = 10004
    NFS3ERR_TOOSMALL = 10005
    NFS3ERR_SERVERFAULT = 10006
    NFS3ERR_BADTYPE = 10007
    NFS3ERR_JUKEBOX = 10008


class ftype3(xdr.Enum):
    NF3REG = 1
    NF3DIR = 2
    NF3BLK = 3
    NF3CHR = 4
    NF3LNK = 5
    NF3SOCK = 6
    NF3FIFO = 7


@xdr.struct
class specdata3:
    specdata1: uint32
    specdata2: uint32


@xdr.struct
class nfs_fh3:
    data: Annotated[bytes, xdr.opaque(NFS3_FHSIZE)]


@xdr.struct
class nfstime3:
    seconds: uint32
    nseconds: uint32


@xdr.struct
class fattr3:
    type: ftype3
    mode: mode3
    nlink: uint32
    uid: uid3
    gid: gid3
    size: size3
    used: size3
    rdev: specdata3
    fsid: uint64
    fileid: fileid3
    atime: nfstime3
    mtime: nfstime3
    ctime: nfstime3


post_op_attr: TypeAlias = Annotated[fattr3 | None, xdr.optional]


@xdr.struct
class wcc_attr:
    size: size3
    mtime: nfstime3
    ctime: nfstime3


pre_op_attr: TypeAlias = Annotated[wcc_attr | None, xdr.optional]


@xdr.struct
class wcc_data:
    before: pre_op_attr
    after: post_op_attr


post_op_fh3: TypeAlias = Annotated[nfs_fh3 | None, xdr.optional]


class time_how(xdr.Enum):
    DONT_CHANGE = 0
    SET_TO_SERVER_TIME = 1
    SET_TO_CLIENT_TIME = 2


set_mode3: TypeAlias = Annotated[mode3 | None, xdr.optional]
set_uid3: TypeAlias = Annotated[uid3 | None, xdr.optional]
set_gid3: TypeAlias = Annotated[gid3 | None, xdr.optional]
set_size3: TypeAlias = Annotated[size3 | None, xdr.optional]


class set_atime(
    xdr.Union[time_how, nfstime3 | None], arms={time_how.SET_TO_CLIENT_TIME: nfstime3}, default=None
):
    __slots__ = ()


class set_mtime(
    xdr.Union[time_how, nfstime3 | None], arms={time_how.SET_TO_CLIENT_TIME: nfstime3}, default=None
):
    __slots__ = ()


@xdr.struct
class sattr3:
    mode: set_mode3
    uid: set_uid3
    gid: set_gid3
    size: set_size3
    atime: set_atime
    mtime: set_mtime


@xdr.struct
class diropargs3:
    dir: nfs_fh3
    name: filename3


OK = TypeVar("OK")
FAIL = TypeVar("FAIL")


# mypy takes type variables for annotations only; here they stand for what a procedure binds them to.
class Result(
    xdr.Union[nfsstat3, OK | FAIL],
    Generic[OK, FAIL],
    arms={nfsstat3.NFS3_OK: OK},  # type: ignore[misc]
    default=FAIL,  # type: ignore[misc]
):
    """What every procedure but NULL answers: a status, and the arm for success or for failure."""

    __slots__ = ()


# Section 3.3.1: procedure 1, GETATTR.


@xdr.struct
class GETATTR3args:
    object: nfs_fh3


@xdr.struct
class GETATTR3resok:
    obj_attributes: fattr3


GETATTR3res: TypeAlias = Result[GETATTR3resok, None]


# Section 3.3.2: procedure 2, SETATTR.
sattrguard3: TypeAlias = Annotated[nfstime3 | None, xdr.optional]


@xdr.struct
class SETATTR3args:
    object: nfs_fh3
    new_attributes: sattr3
    guard: sattrguard3


@xdr.struct
class SETATTR3resok:
    obj_wcc: wcc_data


@xdr.struct
class SETATTR3resfail:
    obj_wcc: wcc_data


SETATTR3res: TypeAlias = Result[SETATTR3resok, SETATTR3resfail]


# Section 3.3.3: procedure 3, LOOKUP.


@xdr.struct
class LOOKUP3args:
    what: diropargs3


@xdr.struct
class LOOKUP3resok:
    object: nfs_fh3
    obj_attributes: post_op_attr
    dir_attributes: post_op_attr


@xdr.struct
class LOOKUP3resfail:
    dir_attributes: post_op_attr


LOOKUP3res: TypeAlias = Result[LOOKUP3resok, LOOKUP3resfail]


# Section 3.3.4: procedure 4, ACCESS.
ACCESS3_READ = 0x0001
ACCESS3_LOOKUP = 0x0002
ACCESS3_MODIFY = 0x0004
ACCESS3_EXTEND = 0x0008
ACCESS3_DELETE = 0x0010
ACCESS3_EXECUTE = 0x0020


@xdr.struct
class ACCESS3args:
    object: nfs_fh3
    access: uint32


@xdr.struct
class ACCESS3resok:
    obj_attributes: post_op_attr
    access: uint32


@xdr.struct
class ACCESS3resfail:
    obj_attributes: post_op_attr


ACCESS3res: TypeAlias = Result[ACCESS3resok, ACCESS3resfail]


# Section 3.3.5: procedure 5, READLINK.


@xdr.struct
class READLINK3args:
    symlink: nfs_fh3


@xdr.struct
class READLINK3resok:
    symlink_attributes: post_op_attr
    data: nfspath3


@xdr.struct
class READLINK3resfail:
    symlink_attributes: post_op_attr


READLINK3res: TypeAlias = Result[READLINK3resok, READLINK3resfail]


# Section 3.3.6: procedure 6, READ.


@xdr.struct
class READ3args:
    file: nfs_fh3
    offset: offset3
    count: count3


@xdr.struct
class READ3resok:
    file_attributes: post_op_attr
    count: count3
    eof: boolean
    data: Annotated[bytes | memoryview, xdr.opaque()]


@xdr.struct
class READ3resfail:
    file_attributes: post_op_attr


READ3res: TypeAlias = Result[READ3resok, READ3resfail]


# Section 3.3.7: procedure 7, WRITE.
class stable_how(xdr.Enum):
    UNSTABLE = 0
    DATA_SYNC = 1
    FILE_SYNC = 2


@xdr.struct
class WRITE3args:
    file: nfs_fh3
    offset: offset3
    count: count3
    stable: stable_how
    data: Annotated[bytes, xdr.opaque()]


@xdr.struct
class WRITE3resok:
    file_wcc: wcc_data
    count: count3
    committed: stable_how
    verf: writeverf3


@xdr.struct
class WRITE3resfail:
    file_wcc: wcc_data


WRITE3res: TypeAlias = Result[WRITE3resok, WRITE3resfail]


# Section 3.3.8: procedure 8, CREATE.
class createmode3(xdr.Enum):
    UNCHECKED = 0
    GUARDED = 1
    EXCLUSIVE = 2


class createhow3(
    xdr.Union[createmode3, sattr3 | bytes],
    arms={
        createmode3.UNCHECKED: sattr3,
        createmode3.GUARDED: sattr3,
        createmode3.EXCLUSIVE: createverf3,
    },
):
    __slots__ = ()


@xdr.struct
class CREATE3args:
    where: diropargs3
    how: createhow3


@xdr.struct
class CREATE3resok:
    obj: post_op_fh3
    obj_attributes: post_op_attr
    dir_wcc: wcc_data


@xdr.struct
class CREATE3resfail:
    dir_wcc: wcc_data


CREATE3res: TypeAlias = Result[CREATE3resok, CREATE3resfail]


# Section 3.3.9: procedure 9, MKDIR.


@xdr.struct
class MKDIR3args:
    where: diropargs3
    attributes: sattr3


@xdr.struct
class MKDIR3resok:
    obj: post_op_fh3
    obj_attributes: post_op_attr
    dir_wcc: wcc_data


@xdr.struct
class MKDIR3resfail:
    dir_wcc: wcc_data


MKDIR3res: TypeAlias = Result[MKDIR3resok, MKDIR3resfail]


# Section 3.3.10: procedure 10, SYMLINK.


@xdr.struct
class symlinkdata3:
    symlink_attributes: sattr3
    symlink_data: nfspath3


@xdr.struct
class SYMLINK3args:
    where: diropargs3
    symlink: symlinkdata3


@xdr.struct
class SYMLINK3resok:
    obj: post_op_fh3
    obj_attributes: post_op_attr
    dir_wcc: wcc_data


@xdr.struct
class SYMLINK3resfail:
    dir_wcc: wcc_data


SYMLINK3res: TypeAlias = Result[SYMLINK3resok, SYMLINK3resfail]


# Section 3.3.11: procedure 11, MKNOD.


@xdr.struct
class devicedata3:
    dev_attributes: sattr3
    spec: specdata3


class mknoddata3(
    xdr.Union[ftype3, devicedata3 | sattr3 | None],
    arms={
        ftype3.NF3CHR: devicedata3,
        ftype3.NF3BLK: devicedata3,
        ftype3.NF3SOCK: sattr3,
        ftype3.NF3FIFO: sattr3,
    },
    default=None,
):
    __slots__ = ()


@xdr.struct
class MKNOD3args:
    where: diropargs3
    what: mknoddata3


@xdr.struct
class MKNOD3resok:
    obj: post_op_fh3
    obj_attributes: post_op_attr
    dir_wcc: wcc_data


@xdr.struct
class MKNOD3resfail:
    dir_wcc: wcc_data


MKNOD3res: TypeAlias = Result[MKNOD3resok, MKNOD3resfail]


# Section 3.3.12: procedure 12, REMOVE.


@xdr.struct
class REMOVE3args:
    object: diropargs3


@xdr.struct
class REMOVE3resok:
    dir_wcc: wcc_data


@xdr.struct
class REMOVE3resfail:
    dir_wcc: wcc_data


REMOVE3res: TypeAlias = Result[REMOVE3resok, REMOVE3resfail]


# Section 3.3.13: procedure 13, RMDIR.


@xdr.struct
class RMDIR3args:
    object: diropargs3


@xdr.struct
class RMDIR3resok:
    dir_wcc: wcc_data


@xdr.struct
class RMDIR3resfail:
    dir_wcc: wcc_data


RMDIR3res: TypeAlias = Result[RMDIR3resok, RMDIR3resfail]


# Section 3.3.14: procedure 14, RENAME.


@xdr.struct
class RENAME3args:
    from_: diropargs3
    to: diropargs3


@xdr.struct
class RENAME3resok:
    fromdir_wcc: wcc_data
    todir_wcc: wcc_data


@xdr.struct
class RENAME3resfail:
    fromdir_wcc: wcc_data
    todir_wcc: wcc_data


RENAME3res: TypeAlias = Result[RENAME3resok, RENAME3resfail]


# Section 3.3.15: procedure 15, LINK.


@xdr.struct
class LINK3args:
    file: nfs_fh3
    link: diropargs3


@xdr.struct
class LINK3resok:
    file_attributes: post_op_attr
    linkdir_wcc: wcc_data


@xdr.struct
class LINK3resfail:
    file_attributes: post_op_attr
    linkdir_wcc: wcc_data


LINK3res: TypeAlias = Result[LINK3resok, LINK3resfail]


# Section 3.3.16: procedure 16, READDIR.


@xdr.struct
class READDIR3args:
    dir: nfs_fh3
    cookie: cookie3
    cookieverf: cookieverf3
    count: count3


@xdr.struct
class entry3:
    fileid: fileid3
    name: filename3
    cookie: cookie3


@xdr.struct
class dirlist3:
    entries: Annotated[tuple[entry3, ...], xdr.linked()]
    eof: boolean


@xdr.struct
class READDIR3resok:
    dir_attributes: post_op_attr
    cookieverf: cookieverf3
    reply: dirlist3


@xdr.struct
class READDIR3resfail:
    dir_attributes: post_op_attr


READDIR3res: TypeAlias = Result[READDIR3resok, READDIR3resfail]


# Section 3.3.17: procedure 17, READDIRPLUS.


@xdr.struct
class READDIRPLUS3args:
    dir: nfs_fh3
    cookie: cookie3
    cookieverf: cookieverf3
    dircount: count3
    maxcount: count3


@xdr.struct
class entryplus3:
    fileid: fileid3
    name: filename3
    cookie: cookie3
    name_attributes: post_op_attr
    name_handle: post_op_fh3


@xdr.struct
class dirlistplus3:
    entries: Annotated[tuple[entryplus3, ...], xdr.linked()]
    eof: boolean


@xdr.struct
class READDIRPLUS3resok:
    dir_attributes: post_op_attr
    cookieverf: cookieverf3
    reply: dirlistplus3


@xdr.struct
class READDIRPLUS3resfail:
    dir_attributes: post_op_attr


READDIRPLUS3res: TypeAlias = Result[READDIRPLUS3resok, READDIRPLUS3resfail]


# Section 3.3.18: procedure 18, FSSTAT.


@xdr.struct
class FSSTAT3args:
    fsroot: nfs_fh3


@xdr.struct
class FSSTAT3resok:
    obj_attributes: post_op_attr
    tbytes: size3
    fbytes: size3
    abytes: size3
    tfiles: size3
    ffiles: size3
    afiles: size3
    invarsec: uint32


@xdr.struct
class FSSTAT3resfail:
    obj_attributes: post_op_attr


FSSTAT3res: TypeAlias = Result[FSSTAT3resok, FSSTAT3resfail]


# Section 3.3.19: procedure 19, FSINFO.
FSF3_LINK = 0x0001
FSF3_SYMLINK = 0x0002
FSF3_HOMOGENEOUS = 0x0008
FSF3_CANSETTIME = 0x0010


@xdr.struct
class FSINFO3args:
    fsroot: nfs_fh3


@xdr.struct
class FSINFO3resok:
    obj_attributes: post_op_attr
    rtmax: uint32
    rtpref: uint32
    rtmult: uint32
    wtmax: uint32
    wtpref: uint32
    wtmult: uint32
    dtpref: uint32
    maxfilesize: size3
    time_delta: nfstime3
    properties: uint32


@xdr.struct
class FSINFO3resfail:
    obj_attributes: post_op_attr


FSINFO3res: TypeAlias = Result[FSINFO3resok, FSINFO3resfail]


# Section 3.3.20: procedure 20, PATHCONF.


@xdr.struct
class PATHCONF3args:
    object: nfs_fh3


@xdr.struct
class PATHCONF3resok:
    obj_attributes: post_op_attr
    linkmax: uint32
    name_max: uint32
    no_trunc: boolean
    chown_restricted: boolean
    case_insensitive: boolean
    case_preserving: boolean


@xdr.struct
class PATHCONF3resfail:
    obj_attributes: post_op_attr


PATHCONF3res: TypeAlias = Result[PATHCONF3resok, PATHCONF3resfail]


# Section 3.3.21: procedure 21, COMMIT.


@xdr.struct
class COMMIT3args:
    file: nfs_fh3
    offset: offset3
    count: count3


@xdr.struct
class COMMIT3resok:
    file_wcc: wcc_data
    verf: writeverf3


@xdr.struct
class COMMIT3resfail:
    file_wcc: wcc_data


COMMIT3res: TypeAlias = Result[COMMIT3resok, COMMIT3resfail]
