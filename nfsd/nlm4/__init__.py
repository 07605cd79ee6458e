"""RFC 1813 appendix II: advisory locks over NFS, and the status monitor that they need."""

from nfsd.nlm4.locking import Locking

__all__ = ["Locking"]
