"""From errno to nfsstat3, in one place."""

import errno

from nfsd.nfs3.types import nfsstat3

BY_ERRNO = {
    errno.EPERM: nfsstat3.NFS3ERR_PERM,
    errno.ENOENT: nfsstat3.NFS3ERR_NOENT,
    errno.EIO: nfsstat3.NFS3ERR_IO,
    errno.ENXIO: nfsstat3.NFS3ERR_NXIO,
    errno.EACCES: nfsstat3.NFS3ERR_ACCES,
    errno.EEXIST: nfsstat3.NFS3ERR_EXIST,
    errno.EXDEV: nfsstat3.NFS3ERR_XDEV,
    errno.ENODEV: nfsstat3.NFS3ERR_NODEV,
    errno.ENOTDIR: nfsstat3.NFS3ERR_NOTDIR,
    errno.EISDIR: nfsstat3.NFS3ERR_ISDIR,
    errno.EINVAL: nfsstat3.NFS3ERR_INVAL,
    errno.EFBIG: nfsstat3.NFS3ERR_FBIG,
    errno.ENOSPC: nfsstat3.NFS3ERR_NOSPC,
    errno.EROFS: nfsstat3.NFS3ERR_ROFS,
    errno.EMLINK: nfsstat3.NFS3ERR_MLINK,
    errno.ENAMETOOLONG: nfsstat3.NFS3ERR_NAMETOOLONG,
    errno.ENOTEMPTY: nfsstat3.NFS3ERR_NOTEMPTY,
    errno.EDQUOT: nfsstat3.NFS3ERR_DQUOT,
    errno.ESTALE: nfsstat3.NFS3ERR_STALE,
    errno.EREMOTE: nfsstat3.NFS3ERR_REMOTE,
    errno.EBADF: nfsstat3.NFS3ERR_BADHANDLE,
    errno.ENOTSUP: nfsstat3.NFS3ERR_NOTSUPP,
    errno.EMSGSIZE: nfsstat3.NFS3ERR_TOOSMALL,
    errno.EAGAIN: nfsstat3.NFS3ERR_JUKEBOX,
}


def status(error: Exception) -> nfsstat3:
    """The status that stands for an exception; SERVERFAULT for any that is no OSError, for that is a bug."""
    if not isinstance(error, OSError):
        return nfsstat3.NFS3ERR_SERVERFAULT
    return BY_ERRNO.get(error.errno or 0, nfsstat3.NFS3ERR_IO)
