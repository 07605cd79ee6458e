"""The lock table against two oracles: one that keeps the holders of each byte, and the kernel's own locks."""

import fcntl
import os
import struct
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nfsd.nlm4 import locks as module
from nfsd.nlm4.locks import END, Host, Lock, Locks, Owner, TooMany

FILE = b"file"
SIZE = 8
HOSTS = (Host("127.0.0.1", "a"), Host("127.0.0.2", "b"))
OWNERS = [Owner(host, svid) for host in HOSTS for svid in (1, 2)]

ranges = st.tuples(st.integers(0, SIZE - 1), st.integers(1, SIZE)).map(
    lambda pair: (pair[0], pair[0] + pair[1])
)
steps = st.one_of(
    st.tuples(st.just("take"), st.sampled_from(OWNERS), st.booleans(), ranges),
    st.tuples(st.just("give"), st.sampled_from(OWNERS), st.booleans(), ranges),
    st.tuples(st.just("forget"), st.sampled_from(OWNERS), st.booleans(), ranges),
)


class Oracle:
    """For each byte: its holders, each with whether it is exclusive."""

    def __init__(self) -> None:
        self.bytes: list[dict[Owner, bool]] = [{} for _ in range(2 * SIZE)]

    def take(self, owner: Owner, exclusive: bool, start: int, end: int) -> bool:
        for byte in self.bytes[start:end]:
            if any(held != owner and (exclusive or alone) for held, alone in byte.items()):
                return False
        for byte in self.bytes[start:end]:
            byte[owner] = exclusive
        return True

    def give(self, owner: Owner, start: int, end: int) -> None:
        for byte in self.bytes[start:end]:
            byte.pop(owner, None)

    def forget(self, host: Host) -> None:
        self.bytes = [
            {owner: alone for owner, alone in byte.items() if owner.host != host} for byte in self.bytes
        ]


def spread(locks: Locks) -> list[dict[Owner, bool]]:
    """A lock table as the oracle sees it."""
    found: list[dict[Owner, bool]] = [{} for _ in range(2 * SIZE)]
    for lock in locks.held(FILE):
        for byte in found[lock.start : lock.end]:
            assert lock.owner not in byte, "an owner's locks overlap"
            byte[lock.owner] = lock.exclusive
    return found


@settings(max_examples=120)
@given(st.lists(steps, max_size=30))
def test_the_table_agrees_with_the_oracle(taken: list[tuple[str, Owner, bool, tuple[int, int]]]) -> None:
    locks, oracle = Locks(), Oracle()
    for step, owner, exclusive, (start, end) in taken:
        if step == "take":
            wanted = Lock(owner, exclusive, start, end)
            free = locks.conflict(FILE, wanted) is None
            assert (locks.take(FILE, wanted) is None) == free == oracle.take(owner, exclusive, start, end)
        elif step == "give":
            locks.give_back(FILE, owner, start, end)
            oracle.give(owner, start, end)
        else:
            locks.forget(owner.host)
            oracle.forget(owner.host)
        assert spread(locks) == oracle.bytes
        held = locks.held(FILE)
        starts = {(lock.owner, lock.exclusive, lock.start) for lock in held}
        ends = {(lock.owner, lock.exclusive, lock.end) for lock in held}
        assert not starts & ends, "locks of one owner and kind that touch are one"
        assert locks.hosts() == {lock.owner.host for lock in held}


FLOCK = struct.Struct("hhqqi4x")
KINDS = {"shared": fcntl.F_RDLCK, "exclusive": fcntl.F_WRLCK, "unlock": fcntl.F_UNLCK}


class Kernel:
    """Locks of open files (fcntl(2), F_OFD_SETLK) on a local disk: several owners in one process."""

    def __init__(self, file: Path) -> None:
        self.files = [os.open(file, os.O_RDWR | os.O_CREAT) for _ in range(len(OWNERS) + 1)]

    def lock(self, owner: int, kind: str, start: int, length: int) -> bool:
        wanted = FLOCK.pack(KINDS[kind], os.SEEK_SET, start, length, 0)
        try:
            fcntl.fcntl(self.files[owner], fcntl.F_OFD_SETLK, wanted)
        except BlockingIOError:
            return False
        return True

    def refuses(self, kind: str, byte: int) -> bool:
        """Whether a stranger could not lock that byte."""
        wanted = FLOCK.pack(KINDS[kind], os.SEEK_SET, byte, 1, 0)
        found = FLOCK.unpack(fcntl.fcntl(self.files[-1], fcntl.F_OFD_GETLK, wanted))
        return bool(found[0] != fcntl.F_UNLCK)

    def close(self) -> None:
        for file in self.files:
            os.close(file)


@settings(max_examples=100)
@given(
    st.lists(
        st.tuples(
            st.integers(0, len(OWNERS) - 1),
            st.sampled_from(list(KINDS)),
            st.integers(0, SIZE - 1),
            st.integers(0, SIZE),
        ),
        max_size=30,
    )
)
def test_the_table_agrees_with_the_kernel(
    tmp_path_factory: pytest.TempPathFactory, taken: list[tuple[int, str, int, int]]
) -> None:
    locks, kernel = Locks(), Kernel(tmp_path_factory.getbasetemp() / "locked")
    stranger = Owner(Host("127.0.0.3", "c"), 1)
    try:
        for number, kind, start, length in taken:
            owner, end = OWNERS[number], start + length if length else END
            if kind == "unlock":
                locks.give_back(FILE, owner, start, end)
                assert kernel.lock(number, kind, start, length)
            else:
                ours = locks.take(FILE, Lock(owner, kind == "exclusive", start, end)) is None
                assert ours == kernel.lock(number, kind, start, length)
            for byte in range(2 * SIZE + 1):
                for wanted in ("shared", "exclusive"):
                    found = locks.conflict(FILE, Lock(stranger, wanted == "exclusive", byte, byte + 1))
                    assert (found is not None) == kernel.refuses(wanted, byte), (byte, wanted)
    finally:
        kernel.close()


A, B, C = OWNERS[0], OWNERS[1], OWNERS[2]


def whole(owner: Owner, exclusive: bool = True) -> Lock:
    return Lock(owner, exclusive, 0, END)


def test_a_range_without_an_end_covers_the_last_byte() -> None:
    locks = Locks()
    locks.take(FILE, whole(A))
    assert locks.conflict(FILE, Lock(B, False, END - 1, END)) == whole(A)
    locks.give_back(FILE, A, 5, 6)
    assert locks.take(FILE, Lock(B, True, 5, 6)) is None
    assert locks.conflict(FILE, Lock(B, True, 6, 7)) == Lock(A, True, 6, END)


def test_waiting_requests_are_granted_in_their_order() -> None:
    locks = Locks()
    locks.take(FILE, whole(A))
    for owner in (B, C):
        assert locks.wait(FILE, whole(owner), owner.host.name.encode())
    assert locks.grant(FILE) == []
    locks.give_back(FILE, A, 0, END)
    assert [each.lock.owner for each in locks.grant(FILE)] == [B]
    assert locks.grant(FILE) == []
    locks.give_back(FILE, B, 0, END)
    (granted,) = locks.grant(FILE)
    assert (granted.lock.owner, granted.cookie) == (C, b"b")


def test_shared_requests_are_granted_together() -> None:
    locks = Locks()
    locks.take(FILE, whole(A))
    locks.wait(FILE, whole(B, exclusive=False), b"")
    locks.wait(FILE, whole(C, exclusive=False), b"")
    locks.give_back(FILE, A, 0, END)
    assert [each.lock.owner for each in locks.grant(FILE)] == [B, C]


def test_a_request_waits_once_until_it_is_cancelled_or_taken() -> None:
    locks = Locks()
    locks.take(FILE, whole(A))
    locks.wait(FILE, whole(B), b"1")
    locks.wait(FILE, whole(B), b"2")
    assert locks.cancel(FILE, whole(B))
    assert not locks.cancel(FILE, whole(B))
    locks.wait(FILE, whole(B), b"3")
    locks.give_back(FILE, A, 0, END)
    assert locks.take(FILE, whole(B)) is None  # the client asked again by itself
    assert locks.grant(FILE) == []
    assert not locks.cancel(FILE, whole(B))


def test_a_host_that_is_forgotten_no_longer_waits_or_holds() -> None:
    locks = Locks()
    locks.take(FILE, whole(A))
    locks.take(b"other", whole(C))
    locks.wait(FILE, whole(C), b"")
    locks.wait(b"other", whole(A), b"")
    assert locks.forget(HOSTS[0]) == [FILE]
    assert [each.lock.owner for each in locks.grant(FILE)] == [C]
    locks.give_back(b"other", C, 0, END)
    assert locks.grant(b"other") == []


def test_owners_who_would_wait_for_each_other_do_not() -> None:
    locks = Locks()
    for file, owner in [(b"1", A), (b"2", B), (b"3", C)]:
        locks.take(file, whole(owner))
    assert locks.wait(b"2", whole(A), b"")
    assert locks.wait(b"3", whole(B), b"")
    assert not locks.wait(b"1", whole(C), b"")
    assert not locks.wait(b"1", whole(B), b"")
    assert locks.cancel(b"3", whole(B))
    assert locks.wait(b"1", whole(C), b"")


def test_what_is_held_and_what_waits_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOCKS_MAX", 2)
    monkeypatch.setattr(module, "WAITING_MAX", 1)
    locks = Locks()
    locks.take(b"1", whole(A))
    locks.take(b"2", whole(A))
    with pytest.raises(TooMany):
        locks.take(b"3", whole(A))
    locks.wait(b"1", whole(B), b"")
    with pytest.raises(TooMany):
        locks.wait(b"2", whole(B), b"")
    with pytest.raises(TooMany):
        locks.give_back(b"1", A, 3, 4)  # a hole leaves two of one
    locks.give_back(b"1", A, 3, END)
    locks.give_back(b"2", A, 0, END)
    locks.take(b"3", whole(A))
    assert locks.grant(b"1") == []  # there is no room for it
    locks.give_back(b"3", A, 0, END)
    locks.give_back(b"1", A, 0, END)
    assert len(locks.grant(b"1")) == 1


def test_thousands_of_locks_are_one_when_they_touch() -> None:
    locks = Locks()
    for number in range(0, 4000, 2):
        locks.take(FILE, Lock(A, True, number, number + 1))
    assert len(locks.held(FILE)) == 2000
    for number in range(1, 4000, 2):
        locks.take(FILE, Lock(A, True, number, number + 1))
    assert locks.held(FILE) == (Lock(A, True, 0, 4000),)
    for number in range(0, 4000, 4):
        locks.give_back(FILE, A, number, number + 1)
    assert len(locks.held(FILE)) == 1000
    locks.forget(A.host)
    assert locks.held(FILE) == ()
    assert locks.hosts() == set()
