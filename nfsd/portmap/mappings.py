"""What a portmapper knows: where our own programs are, and where programs of this machine said that they are.

The kernel's lock manager, a client of ours on this machine, registers program 100021 here, which we serve
as well. Who asks for that program means ours. Where the kernel listens is kept under the caller's address:
our lock manager calls back there.
"""

from collections.abc import Callable

from nfsd.portmap.types import mapping

PORT_MAX = 65_535
"""The protocol has room for larger ones. A socket that is told to send there may close."""

MAPPINGS_SET_MAX = 1024
"""Mappings that other programs may have set; the oldest is forgotten for one more."""


class Mappings:
    """Ports by program, version and protocol."""

    def __init__(self) -> None:
        self.changed: Callable[[], None] = lambda: None
        """Called when a program of this machine set or unset a mapping."""
        self._own: dict[tuple[int, int, int], int] = {}
        self._set: dict[tuple[str, int, int, int], int] = {}

    def serve(self, program: int, version: int, protocol: int, port: int) -> None:
        """Say where a program of ours listens."""
        self._own[program, version, protocol] = port

    def set(self, client: str, wanted: mapping) -> bool:
        """Keep what a program at the address `client` says of itself; False for what is no port."""
        if wanted.port > PORT_MAX:
            return False
        key = (client, wanted.prog, wanted.vers, wanted.prot)
        self._set.pop(key, None)
        if len(self._set) >= MAPPINGS_SET_MAX:
            del self._set[next(iter(self._set))]
        self._set[key] = wanted.port
        self.changed()
        return True

    def unset(self, client: str, program: int, version: int) -> None:
        """Forget what `client` said of a program, for every protocol; our own programs stay."""
        for key in [key for key in self._set if key[:3] == (client, program, version)]:
            del self._set[key]
            self.changed()

    def callbacks(self) -> tuple[tuple[str, mapping], ...]:
        """What other programs set, each with its address: what `set` needs to have it all again."""
        return tuple((key[0], mapping(*key[1:], port)) for key, port in self._set.items())

    def port(self, program: int, version: int, protocol: int) -> int:
        """Where a program listens, 0 if it does not.

        Another version of a program of ours has the same answer: the caller shall hear from the program
        itself which versions there are.
        """
        exact = self._own.get((program, version, protocol))
        if exact is not None:
            return exact
        for (own, _, over), port in self._own.items():
            if (own, over) == (program, protocol):
                return port
        if any(own == program for own, _, _ in self._own):
            return 0
        found = [port for key, port in self._set.items() if key[1:] == (program, version, protocol)]
        return found[-1] if found else 0

    def callback(self, client: str, program: int, version: int, protocol: int) -> int:
        """Where the program that set this mapping from the address `client` listens, 0 if none did."""
        return self._set.get((client, program, version, protocol), 0)

    def all(self) -> tuple[mapping, ...]:
        """Every mapping that `port` would give, ours first."""
        own = [mapping(*key, port) for key, port in self._own.items()]
        programs = {program for program, _, _ in self._own}
        others = {key[1:]: port for key, port in self._set.items() if key[1] not in programs}
        return (*own, *(mapping(*key, port) for key, port in others.items()))
