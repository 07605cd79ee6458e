"""Our own NFS client."""

from nfsd.client.client import Client, Entry, NfsError

__all__ = ["Client", "Entry", "NfsError"]
