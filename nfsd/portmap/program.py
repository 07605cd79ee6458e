"""The port mapper, version 2 (RFC 1833 section 3).

Version 2 alone is served: a Linux client that asks for rpcbind 4 and hears of a mismatch goes on with
version 2. PMAPPROC_CALLIT is not there: it makes a portmapper send other people's calls on, and large
replies to forged senders.
"""

from ipaddress import ip_address

from nfsd.portmap.mappings import Mappings
from nfsd.portmap.types import PMAP_PROG, PMAP_VERS, boolean, mapping, pmaplist, uint32
from nfsd.rpc import Call, Program, procedure


def is_local(client: str) -> bool:
    """Whether an address is of this machine's loopback network."""
    try:
        return ip_address(client).is_loopback
    except ValueError:
        return False


class Portmap(Program, number=PMAP_PROG, version=PMAP_VERS):
    """Answers from, and writes to, one `Mappings`."""

    def __init__(self, mappings: Mappings) -> None:
        self.mappings = mappings

    @procedure(1, mapping, boolean)
    async def pmapproc_set(self, arguments: mapping, call: Call) -> bool:
        """TRUE for callers on this machine, also for a program of ours: with FALSE a kernel client's lock
        manager does not start."""
        return is_local(call.client) and self.mappings.set(call.client, arguments)

    @procedure(2, mapping, boolean)
    async def pmapproc_unset(self, arguments: mapping, call: Call) -> bool:
        """TRUE for callers on this machine, who can only undo what they set."""
        if not is_local(call.client):
            return False
        self.mappings.unset(call.client, arguments.prog, arguments.vers)
        return True

    @procedure(3, mapping, uint32)
    async def pmapproc_getport(self, arguments: mapping, call: Call) -> int:
        """A program's port, 0 if it is not here."""
        return self.mappings.port(arguments.prog, arguments.vers, arguments.prot)

    @procedure(4, None, pmaplist)
    async def pmapproc_dump(self, arguments: None, call: Call) -> tuple[mapping, ...]:
        """All mappings; none to a stranger's datagram, whose sender may be forged and the reply is larger."""
        if call.transport == "udp" and not is_local(call.client):
            return ()
        return self.mappings.all()
