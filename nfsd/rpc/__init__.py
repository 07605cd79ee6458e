"""RFC 5531: ONC RPC version 2 over TCP and UDP."""

from nfsd.rpc.auth import ANONYMOUS, Credential, Denied
from nfsd.rpc.dispatch import Dispatch, Observer, Peer, Refusal
from nfsd.rpc.limits import Limits
from nfsd.rpc.program import Admit, Call, Fast, Packed, Procedure, Program, procedure
from nfsd.rpc.server import Server
from nfsd.rpc.tally import Tallies, Tally

__all__ = [
    "ANONYMOUS",
    "Admit",
    "Call",
    "Credential",
    "Denied",
    "Dispatch",
    "Fast",
    "Limits",
    "Observer",
    "Packed",
    "Peer",
    "Procedure",
    "Program",
    "Refusal",
    "Server",
    "Tallies",
    "Tally",
    "procedure",
]
