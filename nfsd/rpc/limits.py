"""What a server allows its clients."""

from dataclasses import dataclass

RECORD_BYTES = 1024 * 1024 + 4096
"""The largest call: a WRITE of 1 MiB and its header."""
CONNECTIONS = 16_384
CALLS_IN_FLIGHT = 64
"""Calls that one connection, or one UDP socket, may have waiting; each may end in a reply of 1 MiB."""
QUEUED_BYTES = 1024 * 1024
"""Replies that may wait for a client to read them; above that, no further call of its is looked at."""
RECORD_SECONDS = 30.0
"""How long a record may take from its first byte to its last, while we read."""
DRAIN_SECONDS = 5.0
"""How long calls in flight may take to end once the server is told to stop."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a server allows; the constants above say what each one bounds."""

    record_bytes: int = RECORD_BYTES
    connections: int = CONNECTIONS
    calls_in_flight: int = CALLS_IN_FLIGHT
    queued_bytes: int = QUEUED_BYTES
    record_seconds: float = RECORD_SECONDS
    drain_seconds: float = DRAIN_SECONDS
