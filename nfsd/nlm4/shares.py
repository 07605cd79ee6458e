"""Share reservations: what an open file forbids others, as DOS clients ask for it (X/Open NFS chapter 10)."""

from typing import NamedTuple

from nfsd.nlm4.locks import Host, TooMany

SHARES_MAX = 16_384


class Share(NamedTuple):
    """What one opening of a file does (`access`) and forbids (`mode`): 1 is reading, 2 writing, 3 both."""

    access: int
    mode: int

    def conflicts(self, other: "Share") -> bool:
        """Whether either forbids what the other does."""
        return bool(self.access & other.mode or other.access & self.mode)


class Shares:
    """All share reservations."""

    def __init__(self) -> None:
        self._held: dict[bytes, dict[tuple[Host, bytes], Share]] = {}

    def take(self, file: bytes, host: Host, mark: bytes, wanted: Share) -> bool:
        """Reserve, in place of what the same opening reserved before; False if another one forbids. Raises
        TooMany."""
        held = self._held.get(file, {})
        if any(share.conflicts(wanted) for key, share in held.items() if key != (host, mark)):
            return False
        if sum(map(len, self._held.values())) >= SHARES_MAX:
            raise TooMany("too many shares are held")
        self._held.setdefault(file, {})[host, mark] = wanted
        return True

    def give_back(self, file: bytes, host: Host, mark: bytes) -> None:
        """Release a reservation, if there is one."""
        held = self._held.get(file, {})
        held.pop((host, mark), None)
        if not held:
            self._held.pop(file, None)

    def forget(self, host: Host) -> None:
        """Release everything that a host reserved."""
        for file, held in list(self._held.items()):
            for key in [key for key in held if key[0] == host]:
                self.give_back(file, *key)

    def hosts(self) -> set[Host]:
        """The hosts that hold a reservation."""
        return {host for held in self._held.values() for host, _ in held}
