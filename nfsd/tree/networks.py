"""Who may come: the export's client networks. AUTH_SYS proves nothing, so addresses are what access rests
on."""

from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

LOOPBACK = ("127.0.0.0/8", "::1/128")
"""The networks that are let in by default."""

_REMEMBERED = 4096


class Networks:
    """An allow-list of client networks. ValueError for a text that is no network."""

    def __init__(self, allowed: Iterable[str] = LOOPBACK) -> None:
        self.allowed: tuple[IPv4Network | IPv6Network, ...] = tuple(map(ip_network, allowed))
        self._seen: dict[str, bool] = {}

    def admit(self, client: str) -> bool:
        """Whether a client at this address, written as text, is let in."""
        found = self._seen.get(client)
        if found is None:
            if len(self._seen) >= _REMEMBERED:
                self._seen.clear()
            address = ip_address(client)
            found = self._seen[client] = any(address in network for network in self.allowed)
        return found
