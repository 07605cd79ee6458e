"""The status monitor (X/Open NFS chapter 11), which lock managers need."""

from nfsd.nsm.monitored import Client, Monitored
from nfsd.nsm.program import StatusMonitor

__all__ = ["Client", "Monitored", "StatusMonitor"]
