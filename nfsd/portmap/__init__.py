"""RFC 1833: the portmapper of ours, and registering with another one."""

from nfsd.portmap.callbacks import Callbacks
from nfsd.portmap.mappings import Mappings
from nfsd.portmap.program import Portmap, is_local
from nfsd.portmap.register import Failure, Registration, port_of, register, unregister
from nfsd.portmap.types import IPPROTO_TCP, IPPROTO_UDP, PMAP_PORT, mapping

__all__ = [
    "IPPROTO_TCP",
    "IPPROTO_UDP",
    "PMAP_PORT",
    "Callbacks",
    "Failure",
    "Mappings",
    "Portmap",
    "Registration",
    "is_local",
    "mapping",
    "port_of",
    "register",
    "unregister",
]
