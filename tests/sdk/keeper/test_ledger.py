"""The ledger gives back what was noted, after any end of its process."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sdk.keeper import ledger as module
from sdk.keeper.ledger import Bundle, Ledger, Sent, Tracked
from sdk.records import Position, Writer, segment_path, segments

SENT = Sent(size=3, sha256="ab", file_id=7, inode=8, mtime_ns=9, racy=True)
NOTES: list[dict[str, Any]] = [
    {"run": {"id": "r", "project": "e/p"}, "history_next": 5},
    {"position": Position(3, 17), "console_next": 2},
    {"patch": {"config": {"lr": 0.1}}},
    {"finish": {"exit_code": 1, "state": "failed"}},
    {"ended": True, "closed": True, "asked": True},
]


def state(ledger: Ledger) -> dict[str, Any]:
    names = (
        "position",
        "run",
        "begin",
        "history_next",
        "console_next",
        "patch",
        "finish",
        "ended",
        "closed",
        "files",
    )
    return {name: getattr(ledger, name) for name in names}


def test_everything_comes_back(tmp_path: Path) -> None:
    ledger = Ledger(str(tmp_path))
    assert ledger.position == Position(1, 0)
    for note in NOTES:
        ledger.note(**note)
    files = [
        Tracked("a/b", "/x/a/b", "live", size=3, sent=SENT),
        Tracked("c", "/x/c", "end", failed="why", vanished=True),
    ]
    ledger.note_files(files, position=Position(4, 0))
    again = Ledger(str(tmp_path))
    assert state(again) == state(ledger)
    assert again.files["a/b"] == files[0]
    assert again.files["c"].failed == "why"
    assert again.position == Position(4, 0)
    assert (again.run, again.closed) == ({"id": "r", "project": "e/p"}, True)


operations = st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 9), st.booleans()), max_size=30)


@settings(max_examples=40, deadline=None)
@given(changes=operations, cut=st.integers(0, 400), limit=st.integers(200, 3000))
def test_cut_off_anywhere_it_is_some_earlier_state(
    tmp_path_factory: pytest.TempPathFactory, changes: list[tuple[str, int, bool]], cut: int, limit: int
) -> None:
    folder = str(tmp_path_factory.mktemp("ledger"))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(module, "SEGMENT_BYTES", limit)
        ledger = Ledger(folder)
        states = [state(Ledger(folder))]
        for path, number, is_file in changes:
            if is_file:
                ledger.note_files([Tracked(path, "/" + path, "now", size=number)])
            else:
                ledger.note(history_next=number)
            states.append({**state(ledger), "files": dict(ledger.files)})
            states[-1]["files"] = {
                key: Tracked(key, "/" + key, "now", size=f.size) for key, f in ledger.files.items()
            }
        last = segment_path(folder, segments(folder)[-1])
        size = os.path.getsize(last)  # noqa: PTH202
        os.truncate(last, max(0, size - cut))
        found = state(Ledger(folder))
        # Files are noted one by one in a snapshot, so a cut may fall between what two notes said.
        assert found["history_next"] in [each["history_next"] for each in states]
        for path, tracked in found["files"].items():
            assert tracked in [each["files"].get(path) for each in states]


def test_it_does_not_grow_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SEGMENT_BYTES", 20_000)
    ledger = Ledger(str(tmp_path))
    tracked = Tracked("a", "/a", "live", sent=SENT)
    for number in range(2000):
        tracked.size = number
        ledger.note_files([tracked], history_next=number)
    sizes = [path.stat().st_size for path in tmp_path.iterdir()]
    assert sum(sizes) < 3 * 20_000
    again = Ledger(str(tmp_path))
    assert (again.history_next, again.files["a"].size) == (1999, 1999)


def test_a_damaged_part_costs_only_work(tmp_path: Path) -> None:
    ledger = Ledger(str(tmp_path))
    ledger.note(history_next=5)
    ledger.close()
    path = Path(segment_path(str(tmp_path), segments(str(tmp_path))[-1]))
    data = bytearray(path.read_bytes())
    data[12] ^= 1
    path.write_bytes(data)
    Writer(str(tmp_path)).append(b'{"console_next":4}')
    again = Ledger(str(tmp_path))
    assert (again.history_next, again.console_next) == (0, 4)


def test_what_comes_after_the_end_is_not_noted(tmp_path: Path) -> None:
    ledger = Ledger(str(tmp_path / "ledger"))
    ledger.note(ended=True)
    ledger.close()
    ledger.note_files([Tracked("late", "/x", "now")], closed=True)
    again = Ledger(str(tmp_path / "ledger"))
    assert (again.ended, again.closed, again.files) == (True, False, {})


def test_what_the_disk_does_not_take_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = Ledger(str(tmp_path))
    ledger.note(history_next=1)
    bundle = Bundle(0, "set", {})
    taken = 0

    def full(self: Writer, data: bytes) -> None:
        nonlocal taken
        if taken == 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        taken -= 1
        append(self, data)

    append = Writer.append_framed
    with monkeypatch.context() as patch:
        patch.setattr(Writer, "append_framed", full)
        for through in range(3):  # records that it takes before
            taken = through
            with pytest.raises(OSError, match="No space"):
                ledger.note_files([Tracked("f", "/f", "now")], [bundle], history_next=2)
            assert (ledger.history_next, ledger.bundles) == (1, {})
    ledger.note_files([Tracked("f", "/f", "now")], [bundle], history_next=2)
    assert (ledger.history_next, ledger.bundles) == (2, {0: bundle})
    assert state(Ledger(str(tmp_path))) == state(ledger)


def test_a_disk_that_is_full_puts_compacting_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SEGMENT_BYTES", 2000)
    ledger = Ledger(str(tmp_path))
    ledger.note(history_next=0)

    def full(self: Writer, folder: str) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    def note_on() -> None:
        """The note that makes it too long is kept; the next one needs a segment."""
        for number in range(1, 1000):
            ledger.note(history_next=number)

    with monkeypatch.context() as patch:
        patch.setattr(Writer, "__init__", full)
        with pytest.raises(OSError, match="No space"):
            note_on()
    kept = ledger.history_next
    assert kept > 1
    assert Ledger(str(tmp_path)).history_next == kept
    ledger.note(history_next=kept + 1)
    assert Ledger(str(tmp_path)).history_next == kept + 1
