import errno

import pytest

from nfsd.nfs3.status import BY_ERRNO, status
from nfsd.nfs3.types import nfsstat3


def test_a_status_has_one_errno() -> None:
    assert len(set(BY_ERRNO.values())) == len(BY_ERRNO)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (FileNotFoundError(errno.ENOENT, ""), nfsstat3.NFS3ERR_NOENT),
        (OSError(errno.ESTALE, ""), nfsstat3.NFS3ERR_STALE),
        (OSError(errno.EBADF, ""), nfsstat3.NFS3ERR_BADHANDLE),
        (OSError(errno.EAGAIN, ""), nfsstat3.NFS3ERR_JUKEBOX),
        (OSError(errno.EMSGSIZE, ""), nfsstat3.NFS3ERR_TOOSMALL),
        (OSError(errno.EPIPE, ""), nfsstat3.NFS3ERR_IO),
        (OSError("no number"), nfsstat3.NFS3ERR_IO),
        (KeyError("a bug"), nfsstat3.NFS3ERR_SERVERFAULT),
    ],
)
def test_status(error: Exception, expected: nfsstat3) -> None:
    assert status(error) is expected


def test_statuses_below_100_are_named_like_their_errno() -> None:
    for number, told in BY_ERRNO.items():
        if told < 100 and told not in (nfsstat3.NFS3ERR_ACCES, nfsstat3.NFS3ERR_NOTEMPTY):
            assert errno.errorcode[number] == told.name.replace("NFS3ERR_", "E")
