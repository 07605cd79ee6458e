"""Byte-range locks: who holds what of which file, and who waits for it.

The rules are POSIX's. Shared locks stand together, an exclusive one alone. An owner is never in its own
way: a lock over a range that it holds replaces what it held there, be that more or less, and an unlock may
cut a hole. A range is half open, and END as its end means all that the file will ever have.

Waiting requests are looked at in the order in which they came whenever something of the file is given back.
Two owners who would wait for each other are found before they do.

An owner's locks of a file never overlap, so they are kept in order, and found by halving: a program may take
thousands.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import NamedTuple

END = 1 << 64
LOCKS_MAX = 65_536
WAITING_MAX = 4_096


class TooMany(Exception):
    """There is no room for a further lock or a further waiting request."""


class Host(NamedTuple):
    """A client machine: where its calls come from, and what it calls itself."""

    address: str
    name: str


class Owner(NamedTuple):
    """Whose a lock is; the svid is the client's number for a process, or for an open file."""

    host: Host
    svid: int


@dataclass(frozen=True, slots=True)
class Lock:
    """A lock of a range, held or asked for."""

    owner: Owner
    exclusive: bool
    start: int
    end: int
    mark: bytes = b""
    """What the client calls the owner (`oh`); handed back, never compared."""


_start, _end = attrgetter("start"), attrgetter("end")


class Waiting(NamedTuple):
    """A request that waits, with what its client gave to recognise it by."""

    file: bytes
    lock: Lock
    cookie: bytes


class Locks:
    """All locks of all files."""

    def __init__(self) -> None:
        self._held: dict[bytes, dict[Owner, list[Lock]]] = {}
        """Of each file and owner, in order; never an empty list."""
        self._count = 0
        self._waiting: dict[bytes, list[Waiting]] = {}

    def conflict(self, file: bytes, wanted: Lock) -> Lock | None:
        """The first lock that stands in the way."""
        return next(self._in_the_way(file, wanted), None)

    def take(self, file: bytes, wanted: Lock) -> Lock | None:
        """Take a lock, or give the one that stands in the way. Raises TooMany."""
        found = self._take(file, wanted)
        if found is None:
            self.cancel(file, wanted)
        return found

    def give_back(self, file: bytes, owner: Owner, start: int, end: int) -> None:
        """Release what the owner holds of the range, if anything. Raises TooMany where a hole would be one
        more."""
        locks = self._held.get(file, {}).get(owner, [])
        if self._count >= LOCKS_MAX and any(lock.start < start and end < lock.end for lock in locks):
            raise TooMany("too many locks are held")
        self._cut(locks, start, end)
        self._drop_empty(file, owner)

    def wait(self, file: bytes, wanted: Lock, cookie: bytes) -> bool:
        """Let a request wait; False if its owner would, by others, wait for itself. Raises TooMany."""
        if self._leads_back(file, wanted):
            return False
        self.cancel(file, wanted)
        if sum(map(len, self._waiting.values())) >= WAITING_MAX:
            raise TooMany("too many requests wait")
        self._waiting.setdefault(file, []).append(Waiting(file, wanted, cookie))
        return True

    def cancel(self, file: bytes, wanted: Lock) -> bool:
        """Take a waiting request back; False if it does not wait."""
        queue = self._waiting.get(file, [])
        kept = [
            each
            for each in queue
            if (each.lock.owner, each.lock.start, each.lock.end) != (wanted.owner, wanted.start, wanted.end)
        ]
        self._keep_waiting(file, kept)
        return len(kept) < len(queue)

    def grant(self, file: bytes) -> list[Waiting]:
        """Take the locks of all waiting requests of a file that nothing stands in the way of any more."""
        granted: list[Waiting] = []
        kept: list[Waiting] = []
        for each in self._waiting.get(file, ()):
            taken = self._count < LOCKS_MAX and self._take(file, each.lock) is None
            (granted if taken else kept).append(each)
        self._keep_waiting(file, kept)
        return granted

    def forget(self, host: Host) -> list[bytes]:
        """Release everything that a host holds or waits for; returns the files where others may go on."""
        for file, queue in list(self._waiting.items()):
            self._keep_waiting(file, [each for each in queue if each.lock.owner.host != host])
        files = []
        for file, held in list(self._held.items()):
            gone = [owner for owner in held if owner.host == host]
            for owner in gone:
                self._cut(held[owner], 0, END)
                self._drop_empty(file, owner)
            if gone:
                files.append(file)
        return files

    def hosts(self) -> set[Host]:
        """The hosts that hold a lock."""
        return {owner.host for held in self._held.values() for owner in held}

    def held(self, file: bytes) -> tuple[Lock, ...]:
        """The locks of a file."""
        return tuple(lock for locks in self._held.get(file, {}).values() for lock in locks)

    def _take(self, file: bytes, wanted: Lock) -> Lock | None:
        found = self.conflict(file, wanted)
        if found is None:
            if self._count >= LOCKS_MAX:
                raise TooMany("too many locks are held")
            locks = self._held.setdefault(file, {}).setdefault(wanted.owner, [])
            at = self._cut(locks, wanted.start, wanted.end)
            # Join it with those of its kind that touch it.
            first, last = at, at
            if at > 0 and locks[at - 1].end == wanted.start and locks[at - 1].exclusive == wanted.exclusive:
                first -= 1
                wanted = replace(wanted, start=locks[first].start)
            if at < len(locks) and locks[at].start == wanted.end and locks[at].exclusive == wanted.exclusive:
                wanted = replace(wanted, end=locks[at].end)
                last += 1
            locks[first:last] = [wanted]
            self._count += 1 - (last - first)
        return found

    def _cut(self, locks: list[Lock], start: int, end: int) -> int:
        """Take a range out of an owner's locks; returns the place in the list where it was."""
        first, last = bisect_right(locks, start, key=_end), bisect_left(locks, end, key=_start)
        if first >= last:
            return first
        left = [replace(locks[first], end=start)] if locks[first].start < start else []
        right = [replace(locks[last - 1], start=end)] if locks[last - 1].end > end else []
        locks[first:last] = left + right
        self._count += len(left) + len(right) - (last - first)
        return first + len(left)

    def _drop_empty(self, file: bytes, owner: Owner) -> None:
        held = self._held.get(file, {})
        if not held.get(owner, True):
            del held[owner]
            if not held:
                del self._held[file]

    def _keep_waiting(self, file: bytes, queue: list[Waiting]) -> None:
        if queue:
            self._waiting[file] = queue
        else:
            self._waiting.pop(file, None)

    def _leads_back(self, file: bytes, wanted: Lock) -> bool:
        """Whether someone who is in the way waits, directly or by others, for the owner of `wanted`."""
        waits: dict[Owner, list[Waiting]] = {}
        for queue in self._waiting.values():
            for each in queue:
                waits.setdefault(each.lock.owner, []).append(each)
        seen: set[Owner] = set()
        reached = [lock.owner for lock in self._in_the_way(file, wanted)]
        while reached:
            owner = reached.pop()
            if owner == wanted.owner:
                return True
            if owner not in seen:
                seen.add(owner)
                for each in waits.get(owner, ()):
                    reached += (lock.owner for lock in self._in_the_way(each.file, each.lock))
        return False

    def _in_the_way(self, file: bytes, wanted: Lock) -> Iterator[Lock]:
        """Of each other owner, the first lock that cannot stand together with `wanted`."""
        for owner, locks in self._held.get(file, {}).items():
            if owner == wanted.owner:
                continue
            for place in range(bisect_right(locks, wanted.start, key=_end), len(locks)):
                if locks[place].start >= wanted.end:
                    break
                if wanted.exclusive or locks[place].exclusive:
                    yield locks[place]
                    break
