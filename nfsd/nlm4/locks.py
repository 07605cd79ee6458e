"""Byte-range locks: who holds what of which file, and who waits for it.

The rules are POSIX's. Shared locks stand together, an exclusive one alone. An owner is never in its own
way: a lock over a range that it holds replaces what it held there, be that more or less, and an unlock may
cut a hole. A range is half open, and END as its end means all that the file will ever have.

Waiting requests are looked at in the order in which they came whenever something of the file is given back.
Two owners who would wait for each other are found before they do.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

END = 1 << 64
LOCKS_MAX = 65_536
WAITING_MAX = 4_096


class TooMany(Exception):
    """There is no room for a further lock or a further waiting request."""


@dataclass(frozen=True, slots=True)
class Host:
    """A client machine: where its calls come from, and what it calls itself."""

    address: str
    name: str


@dataclass(frozen=True, slots=True)
class Owner:
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

    def overlaps(self, start: int, end: int) -> bool:
        """Whether any byte of the range is the lock's."""
        return self.start < end and start < self.end

    def conflicts(self, other: "Lock") -> bool:
        """Whether the two cannot stand together."""
        return (
            self.owner != other.owner
            and (self.exclusive or other.exclusive)
            and self.overlaps(other.start, other.end)
        )


@dataclass(frozen=True, slots=True)
class Waiting:
    """A request that waits, with what its client gave to recognise it by."""

    file: bytes
    lock: Lock
    cookie: bytes


class Locks:
    """All locks of all files."""

    def __init__(self) -> None:
        self._held: dict[bytes, list[Lock]] = {}
        self._waiting: dict[bytes, list[Waiting]] = {}

    def conflict(self, file: bytes, wanted: Lock) -> Lock | None:
        """The first lock that stands in the way."""
        return next((lock for lock in self._held.get(file, ()) if lock.conflicts(wanted)), None)

    def take(self, file: bytes, wanted: Lock) -> Lock | None:
        """Take a lock, or give the one that stands in the way. Raises TooMany."""
        found = self.conflict(file, wanted)
        if found is None:
            if sum(map(len, self._held.values())) >= LOCKS_MAX:
                raise TooMany("too many locks are held")
            self._cut(file, wanted.owner, wanted.start, wanted.end)
            self._held.setdefault(file, []).append(wanted)
            self._merge(file, wanted)
            self.cancel(file, wanted)
        return found

    def give_back(self, file: bytes, owner: Owner, start: int, end: int) -> None:
        """Release what the owner holds of the range, if anything."""
        self._cut(file, owner, start, end)
        if not self._held.get(file, True):
            del self._held[file]

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
        if kept:
            self._waiting[file] = kept
        else:
            self._waiting.pop(file, None)
        return len(kept) < len(queue)

    def grant(self, file: bytes) -> list[Waiting]:
        """Take the locks of all waiting requests of a file that nothing stands in the way of any more."""
        granted = []
        for each in list(self._waiting.get(file, ())):
            if self.take(file, each.lock) is None:
                granted.append(each)
        return granted

    def forget(self, host: Host) -> list[bytes]:
        """Release everything that a host holds or waits for; returns the files where others may go on."""
        files = []
        for file, queue in list(self._waiting.items()):
            for each in queue:
                if each.lock.owner.host == host:
                    self.cancel(file, each.lock)
        for file, held in list(self._held.items()):
            kept = [lock for lock in held if lock.owner.host != host]
            if len(kept) < len(held):
                files.append(file)
                self._held[file] = kept
            if not kept:
                del self._held[file]
        return files

    def hosts(self) -> set[Host]:
        """The hosts that hold a lock."""
        return {lock.owner.host for held in self._held.values() for lock in held}

    def held(self, file: bytes) -> tuple[Lock, ...]:
        """The locks of a file."""
        return tuple(self._held.get(file, ()))

    def _cut(self, file: bytes, owner: Owner, start: int, end: int) -> None:
        """Take a range out of the owner's locks."""
        left: list[Lock] = []
        for lock in self._held.get(file, ()):
            if lock.owner != owner or not lock.overlaps(start, end):
                left.append(lock)
                continue
            if lock.start < start:
                left.append(replace(lock, end=start))
            if end < lock.end:
                left.append(replace(lock, start=end))
        if file in self._held:
            self._held[file] = left

    def _merge(self, file: bytes, taken: Lock) -> None:
        """Join the lock with those of its owner and kind that touch it."""
        others = []
        for lock in self._held[file]:
            alike = (lock.owner, lock.exclusive) == (taken.owner, taken.exclusive)
            if alike and lock.start <= taken.end and taken.start <= lock.end:
                taken = replace(taken, start=min(lock.start, taken.start), end=max(lock.end, taken.end))
            else:
                others.append(lock)
        self._held[file] = [*others, taken]

    def _leads_back(self, file: bytes, wanted: Lock) -> bool:
        """Whether someone who is in the way waits, directly or by others, for the owner of `wanted`."""
        seen: set[Owner] = set()
        reached = list(self._in_the_way(file, wanted))
        while reached:
            owner = reached.pop()
            if owner == wanted.owner:
                return True
            if owner not in seen:
                seen.add(owner)
                for queue in self._waiting.values():
                    for each in queue:
                        if each.lock.owner == owner:
                            reached += self._in_the_way(each.file, each.lock)
        return False

    def _in_the_way(self, file: bytes, wanted: Lock) -> Iterator[Owner]:
        return (lock.owner for lock in self._held.get(file, ()) if lock.conflicts(wanted))
