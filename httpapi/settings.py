"""What whoever starts the HTTP side decides: allowed hosts, limits, what /readyz and /metrics ask."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry

KIB = 1024
MIB = 1024 * KIB


async def _ready() -> None:
    """The readiness check of a server that has nothing but itself to ask."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Fixed for the life of an application. Sizes are in bytes, times in seconds."""

    hosts: frozenset[str] = frozenset()
    """Names that a Host header may have besides loopback and the address that the connection came in on.

    With "*" it may have any.
    """

    ready: Callable[[], Awaitable[None]] = _ready
    """Raises, with a reason, while the server cannot serve: /readyz awaits it."""

    registry: CollectorRegistry = field(default_factory=CollectorRegistry)
    """What /metrics prints; shared with the NFS side by whoever starts both."""

    public_url: str | None = None
    """How clients reach us when not as the Host header says: behind a proxy with TLS. No slash at the end."""

    json_max_bytes: int = MIB
    """Longest JSON body, but for those that carry lines or many files."""

    lines_max_bytes: int = 16 * MIB
    """Longest JSON body of history and console lines, and of batches."""

    bodies_max_bytes: int = 64 * MIB
    """What the longer of these bodies may take in memory, all together."""

    connections_max: int | None = None
    """How many connections there may be; None: half as many as this process may open files."""

    link_s: int = 900
    """How long a signed URL or a sign-in by `runfs open` stays good; an hour at most."""

    session_s: int = 30 * 24 * 3600
    """How long a browser stays signed in."""
