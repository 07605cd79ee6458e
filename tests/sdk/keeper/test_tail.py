"""Growing files: only the tail is sent, and only while the rest is unchanged."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sdk.api import StoredRun
from sdk.client import Target
from sdk.keeper import tail as module
from sdk.keeper.ledger import Tracked
from sdk.keeper.meter import Meter
from sdk.keeper.subject import Unstable
from sdk.keeper.tail import Tails
from sdk.keeper.transfer import Transfer


class Live:
    """A live file and how it is sent: the tail if possible, else the whole."""

    def __init__(self, target: Target, name: str = "log") -> None:
        self.meter = Meter()
        self.tails = Tails(target, self.meter)
        self.transfer = Transfer(target, self.meter)
        self.path = Path(name)
        self.tracked = Tracked(name, str(self.path.absolute()), "live")

    def send(self) -> bool:
        """Whether the tail alone was sent."""
        tail = self.tails.send(self.tracked)
        self.tracked.sent = tail or self.transfer.send(self.tracked)
        return tail is not None

    def append(self, data: bytes) -> None:
        with self.path.open("ab") as file:
            file.write(data)


@pytest.fixture
def live(target: Target) -> Live:
    found = Live(target)
    found.path.write_bytes(b"first\n")
    assert not found.send()
    return found


def content(stored: StoredRun, name: str = "log") -> bytes:
    return Path(stored.file(name).download("copies", replace=True)).read_bytes()


def test_only_the_tail_is_sent(live: Live, stored: StoredRun) -> None:
    before = live.meter.bytes
    for number in range(3):
        live.append(b"line %d\n" % number)
        assert live.send()
    assert content(stored) == live.path.read_bytes()
    assert live.meter.bytes - before == 3 * len(b"line 0\n")
    assert stored.file("log").version == 1
    assert live.tracked.sent is not None
    assert live.tracked.sent.sha256 == hashlib.sha256(live.path.read_bytes()).hexdigest()
    assert live.tracked.sent.appended


def test_another_keeper_goes_on(live: Live, target: Target, stored: StoredRun) -> None:
    live.append(b"second\n")
    live.send()
    other = Live(target)
    other.tracked.sent = live.tracked.sent
    live.append(b"third\n")
    assert other.send()
    assert content(stored) == b"first\nsecond\nthird\n"


@pytest.mark.parametrize(
    "change",
    [
        lambda path: path.write_bytes(b"FIRST\nand more"),
        lambda path: path.write_bytes(b"fir"),
        lambda path: (Path("new").write_bytes(b"first\nmore"), Path("new").replace(path)),
    ],
    ids=["in place", "shorter", "replaced"],
)
def test_other_changes_are_sent_whole(live: Live, stored: StoredRun, change: Any) -> None:
    change(live.path)
    assert not live.send()
    assert content(stored) == live.path.read_bytes()
    live.append(b"tail")
    assert live.send()
    assert content(stored) == live.path.read_bytes()


def test_the_file_was_deleted_or_changed_there(live: Live, stored: StoredRun, target: Target) -> None:
    target.append(stored.file("log").id, 6, b"by another", hashlib.sha256(b"by another").hexdigest())
    live.append(b"ours")
    assert not live.send()
    assert content(stored) == b"first\nours"
    stored.file("log").delete()
    live.append(b"again")
    assert not live.send()
    assert content(stored) == b"first\noursagain"


def test_large_files_are_probed_and_not_read_again(
    live: Live, stored: StoredRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PREFIX_READ_BYTES", 1000)
    monkeypatch.setattr(module, "PROBE_BYTES", 100)
    monkeypatch.setattr(module, "TAIL_MAX_BYTES", 700)
    live.append(os.urandom(2000))
    assert live.send()
    read: list[int] = []
    original = module.hash_range
    monkeypatch.setattr(module, "hash_range", lambda *given: (read.append(given[2]), original(*given))[1])
    live.append(b"more")
    assert live.send()
    assert read == []
    assert content(stored) == live.path.read_bytes()
    for is_first in (True, False):
        size = live.path.stat().st_size
        with live.path.open("r+b") as file:
            file.seek(0 if is_first else size - 50)
            file.write(b"changed")
        live.append(b"more")
        assert not live.send()
        assert content(stored) == live.path.read_bytes()
        live.append(b"more")
        assert live.send()  # from now on it is probed again


def test_an_empty_file_that_begins_to_grow_is_sent_whole(target: Target, stored: StoredRun) -> None:
    live = Live(target, "empty")
    live.path.write_bytes(b"")
    live.send()
    live.append(b"now")
    assert not live.send()
    assert content(stored, "empty") == b"now"


def test_shorter_while_its_tail_is_read(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    live.append(b"more")
    monkeypatch.setattr(
        live.tails,
        "_unchanged_prefix",
        lambda *given: (os.truncate("log", 6), Tails._unchanged_prefix(live.tails, *given))[1],
    )
    with pytest.raises(Unstable, match="shorter"):
        live.send()


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pieces=st.lists(st.binary(max_size=300), max_size=6), limit=st.integers(1, 200))
def test_any_growth(target: Target, stored: StoredRun, pieces: list[bytes], limit: int) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(module, "TAIL_MAX_BYTES", limit)
        live = Live(target, "any")
        live.path.write_bytes(b"begin")
        live.send()
        for piece in pieces:
            live.append(piece)
            live.send()
        assert content(stored, "any") == live.path.read_bytes()
