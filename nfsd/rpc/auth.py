"""Credentials: who a call says it is from (RFC 5531 section 8 and appendix A)."""

from typing import NamedTuple

import xdr
from nfsd.rpc.types import auth_flavor, auth_stat, authsys_parms

NOBODY = 65534
"""The uid and gid of a caller who does not give any."""

_unpack_sys = xdr.codec(authsys_parms).unpack_all


class Credential(NamedTuple):
    """Whom a call claims to act for; AUTH_SYS proves nothing of it."""

    flavor: int
    uid: int
    gid: int
    gids: tuple[int, ...]
    machine: str


ANONYMOUS = Credential(auth_flavor.AUTH_NONE, NOBODY, NOBODY, (), "")


class Denied(Exception):
    """The call is refused with MSG_DENIED, AUTH_ERROR and this auth_stat; a procedure may raise it too."""

    def __init__(self, stat: auth_stat, reason: str = "") -> None:
        super().__init__(reason or stat.name)
        self.stat = stat


def read_credential(flavor: int, body: bytes) -> Credential:
    """The credential in an opaque_auth; Denied for a flavor not taken here, or a body that is not its
    flavor's."""
    if flavor == auth_flavor.AUTH_NONE:
        return ANONYMOUS
    if flavor != auth_flavor.AUTH_SYS:
        raise Denied(auth_stat.AUTH_REJECTEDCRED, f"credentials of flavor {flavor} are not taken")
    try:
        parms = _unpack_sys(body)
    except xdr.Error as error:
        raise Denied(auth_stat.AUTH_BADCRED, str(error)) from None
    machine = parms.machinename.decode("utf-8", "replace")
    return Credential(auth_flavor.AUTH_SYS, parms.uid, parms.gid, parms.gids, machine)
