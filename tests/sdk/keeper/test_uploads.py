"""Which files are sent when, by a stand-in for sending."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from sdk.errors import ServerError, Unreachable
from sdk.keeper import uploads as module
from sdk.keeper.ledger import Ledger, Sent, Tracked
from sdk.keeper.parcels import Outcome
from sdk.keeper.patience import Patience
from sdk.keeper.subject import Unstable, Vanished
from sdk.keeper.uploads import Uploads

from ..conftest import until


class Sending:
    """Stands for the way to the server: notes what is sent, and fails as told."""

    def __init__(self) -> None:
        self.sent: Counter[str] = Counter()
        self.at_once: Counter[str] = Counter()
        self.parcels: list[list[str]] = []
        self.failures: dict[str, list[Exception]] = {}
        self.gate = threading.Event()
        self.gate.set()
        self.begun = threading.Event()

    def __call__(self, tracked: Tracked, note: Callable[[], None]) -> Sent:
        self.at_once[tracked.path] += 1
        assert self.at_once[tracked.path] == 1, "one file in two threads"
        try:
            seen = os.stat(tracked.local) if os.path.exists(tracked.local) else os.stat(".")  # noqa: PTH110, PTH116
            note()
            self.begun.set()
            assert self.gate.wait(30)
            if self.failures.get(tracked.path):
                raise self.failures[tracked.path].pop(0)
            self.sent[tracked.path] += 1
            return Sent(seen.st_size, "", 1, seen.st_ino, seen.st_mtime_ns, False)
        finally:
            self.at_once[tracked.path] -= 1

    def together(self, files: Sequence[Tracked]) -> list[Outcome]:
        self.parcels.append([tracked.path for tracked in files])
        return [self._outcome(tracked) for tracked in files]

    def _outcome(self, tracked: Tracked) -> Outcome:
        try:
            return self(tracked, lambda: None)
        except Exception as error:
            return error


@pytest.fixture
def sending() -> Sending:
    return Sending()


@pytest.fixture
def warnings() -> list[str]:
    return []


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(str(tmp_path / "ledger"))


@pytest.fixture
def patience() -> Patience:
    return Patience(lambda: 0.0)


@pytest.fixture
def uploads(
    ledger: Ledger,
    sending: Sending,
    warnings: list[str],
    patience: Patience,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> Iterator[Uploads]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(module, "RETRY_FIRST_S", 0.01)
    monkeypatch.setattr(module, "WATCH_S", 0.01)
    made = Uploads(ledger, sending, sending.together, warnings.append, patience)
    yield made
    sending.gate.set()
    made.stop()


def add(uploads: Uploads, ledger: Ledger, *names: str, policy: str = "now") -> list[Tracked]:
    files = []
    for name in names:
        Path(name).write_text(name)
        files.append(Tracked(name, str(Path(name).absolute()), policy, wanted=policy != "end"))
    ledger.note_files(files)
    uploads.add(files)
    return files


def pending(ledger: Ledger) -> list[Tracked]:
    return [tracked for tracked in ledger.files.values() if tracked.wanted]


def failed(ledger: Ledger) -> list[Tracked]:
    return [tracked for tracked in ledger.files.values() if tracked.failed]


def settled(uploads: Uploads) -> None:
    until(uploads.idle)


def again(ledger: Ledger, name: str) -> Tracked:
    """What a keeper that came now would know of a file."""
    shutil.rmtree("copy", ignore_errors=True)
    shutil.copytree(ledger._folder, "copy")
    return Ledger("copy").files[name]


def test_each_file_is_sent_once(uploads: Uploads, ledger: Ledger, sending: Sending) -> None:
    names = [f"f{number}" for number in range(50)]
    add(uploads, ledger, *names)
    settled(uploads)
    assert sending.sent == Counter(names)
    assert pending(ledger) == failed(ledger) == []


def test_each_of_a_parcel_has_its_own_outcome(
    uploads: Uploads, ledger: Ledger, sending: Sending, warnings: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    sending.gate.clear()
    blocking = [f"b{number}" for number in range(module.THREADS)]
    for name in blocking:  # every thread is busy: what comes now goes together
        add(uploads, ledger, name)
        until(lambda name=name: sending.at_once[name])
    sending.failures = {
        "p1": [Unreachable("away")],
        "p2": [ServerError(413, "too large")],
        "p3": [Unstable("")],
    }
    add(uploads, ledger, *(f"p{number}" for number in range(5)))
    sending.gate.set()
    settled(uploads)
    assert ["p0", "p1", "p2", "p3", "p4"] in sending.parcels
    assert sending.sent == Counter([*blocking, "p0", "p1", "p3", "p4"])
    assert [(tracked.path, tracked.failed) for tracked in failed(ledger)] == [("p2", "too large (HTTP 413)")]
    assert pending(ledger) == []
    assert warnings == ["p2 was not saved: too large (HTTP 413)"]


def test_until_it_is_sent_it_is_wanted_by_whoever_comes_after(
    uploads: Uploads, ledger: Ledger, sending: Sending
) -> None:
    sending.gate.clear()
    add(uploads, ledger, "f")
    assert sending.begun.wait(30)
    assert again(ledger, "f").wanted
    sending.gate.set()
    settled(uploads)
    assert not again(ledger, "f").wanted


def test_saved_again_while_it_is_sent_it_is_sent_again(
    uploads: Uploads, ledger: Ledger, sending: Sending
) -> None:
    sending.gate.clear()
    files = add(uploads, ledger, "f")
    assert sending.begun.wait(30)
    uploads.add(files)
    uploads.add(files)
    sending.gate.set()
    settled(uploads)
    assert sending.sent["f"] == 2


def test_what_a_former_keeper_left_is_sent(ledger: Ledger, sending: Sending, patience: Patience) -> None:
    ledger.note_files([Tracked("f", "/x", "now", wanted=True), Tracked("g", "/x", "end")])
    made = Uploads(ledger, sending, sending.together, lambda text: None, patience)
    settled(made)
    made.stop()
    assert sending.sent == Counter(["f"])


def test_policy_end_waits_for_the_end(uploads: Uploads, ledger: Ledger, sending: Sending) -> None:
    add(uploads, ledger, "e", policy="end")
    add(uploads, ledger, "n")
    settled(uploads)
    assert sending.sent == Counter(["n"])
    uploads.end()
    settled(uploads)
    assert sending.sent == Counter(["n", "e"])
    assert ledger.ended
    uploads.end()  # of a later sync: nothing is sent again
    settled(uploads)
    assert sending.sent == Counter(["n", "e"])


def test_live_files_are_watched(uploads: Uploads, ledger: Ledger, sending: Sending) -> None:
    add(uploads, ledger, "l", policy="live")
    add(uploads, ledger, "n")
    settled(uploads)
    for name in ("l", "n"):
        Path(name).write_text("changed and longer")
    until(lambda: sending.sent["l"] == 2)
    assert sending.sent["n"] == 1
    Path("l").unlink()
    Path("l").write_text("another file")
    until(lambda: sending.sent["l"] == 3)
    uploads.end()
    settled(uploads)
    assert sending.sent == Counter({"l": 3, "n": 1})


def test_a_live_file_changed_at_the_last_moment_is_sent_at_the_end(
    uploads: Uploads, ledger: Ledger, sending: Sending, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(uploads, ledger, "l", policy="live")
    settled(uploads)
    monkeypatch.setattr(uploads, "_moved", lambda tracked: False)
    Path("l").write_text("the last words")
    uploads.end()
    settled(uploads)
    assert sending.sent["l"] == 2


@pytest.mark.parametrize(
    ("racy", "appended", "times"), [(True, False, 2), (False, True, 2), (False, False, 1)]
)
def test_what_is_not_certain_is_sent_once_more_at_the_end(
    uploads: Uploads, ledger: Ledger, sending: Sending, racy: bool, appended: bool, times: int
) -> None:
    (file,) = add(uploads, ledger, "l", policy="live")
    settled(uploads)
    assert file.sent is not None
    file.sent.racy, file.sent.appended = racy, appended
    uploads.end()
    settled(uploads)
    assert sending.sent["l"] == times


def test_a_young_live_file_is_read_again_when_it_has_rested(
    uploads: Uploads, ledger: Ledger, sending: Sending
) -> None:
    (file,) = add(uploads, ledger, "l", policy="live")
    settled(uploads)
    assert file.sent is not None
    old = time.time_ns() - 10 * 10**9
    os.utime("l", ns=(old, old))
    file.sent.mtime_ns, file.sent.racy = old, True
    until(lambda: sending.sent["l"] == 2)


def test_what_passes_is_tried_again(
    uploads: Uploads, ledger: Ledger, sending: Sending, warnings: list[str]
) -> None:
    sending.failures["f"] = [Unreachable("away"), Unreachable("away"), Unstable("changed")]
    add(uploads, ledger, "f")
    settled(uploads)
    assert sending.sent["f"] == 1
    assert warnings == []


def test_a_server_that_stays_away_leaves_the_file_pending_at_the_end(
    uploads: Uploads, ledger: Ledger, sending: Sending, patience: Patience, warnings: list[str]
) -> None:
    sending.failures["f"] = [Unreachable("away")] * 1000
    add(uploads, ledger, "f")
    until(lambda: len(sending.failures["f"]) < 995)
    patience.limit()
    uploads.end()
    settled(uploads)
    assert [tracked.path for tracked in pending(ledger)] == ["f"]
    assert failed(ledger) == []
    assert uploads.last_trouble == "away"
    assert again(ledger, "f").wanted


@pytest.mark.parametrize(
    ("error", "vanished"),
    [
        (ServerError(413, "too large"), False),
        (Vanished("No such file"), True),
        (RuntimeError("a bug"), False),
    ],
)
def test_a_refusal_is_said_and_kept(
    uploads: Uploads, ledger: Ledger, sending: Sending, warnings: list[str], error: Exception, vanished: bool
) -> None:
    sending.failures["f"] = [error]
    add(uploads, ledger, "f")
    settled(uploads)
    (given_up,) = failed(ledger)
    assert given_up.failed
    assert given_up.vanished is vanished
    assert warnings == [f"f was not saved: {given_up.failed}"]
    assert again(ledger, "f").failed == given_up.failed
    uploads.end()
    settled(uploads)
    assert sending.sent["f"] == (0 if vanished else 1)


def test_a_file_that_never_rests_is_given_up_aloud(
    uploads: Uploads, ledger: Ledger, sending: Sending, warnings: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "RETRY_MAX_S", 0.01)
    sending.failures["f"] = [Unstable("it changed")] * 100
    add(uploads, ledger, "f")
    settled(uploads)
    assert warnings == ["f was not saved: it changed"]
    assert len(sending.failures["f"]) == 100 - module.UNSTABLE_TRIES - 1


def test_a_file_that_changed_on_its_way_is_sent_again_but_not_for_ever(
    uploads: Uploads, ledger: Ledger, sending: Sending, warnings: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "RETRY_MAX_S", 0.01)
    monkeypatch.setattr(module, "still_as_sent", lambda local, sent: False)
    add(uploads, ledger, "f")
    settled(uploads)
    assert sending.sent["f"] == module.UNSTABLE_TRIES + 1
    assert warnings == ["f keeps changing: saved as it was a moment ago"]
    assert failed(ledger) == []


def test_a_live_file_that_vanished_and_came_back_is_sent(
    uploads: Uploads, ledger: Ledger, sending: Sending
) -> None:
    sending.failures["l"] = [Vanished("gone")]
    add(uploads, ledger, "l", policy="live")
    until(lambda: sending.sent["l"] == 1)


def test_hurry_ends_the_pauses(uploads: Uploads, ledger: Ledger, sending: Sending, monkeypatch: Any) -> None:
    monkeypatch.setattr(module, "RETRY_FIRST_S", 3600.0)
    monkeypatch.setattr(module, "RETRY_MAX_S", 3600.0)
    sending.failures["f"] = [Unreachable("away")]
    add(uploads, ledger, "f")
    until(lambda: not sending.failures["f"])
    until(lambda: uploads._later)
    uploads.hurry()
    settled(uploads)
    assert sending.sent["f"] == 1


def test_what_is_tried_again_counts_as_being_sent(
    uploads: Uploads, ledger: Ledger, sending: Sending, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also while the thread that failed with it is still busy with the rest of its parcel."""
    settling, go_on, at_end = threading.Event(), threading.Event(), threading.Event()
    note_files, next_taken = ledger.note_files, uploads._next

    def note(files: Sequence[Tracked], **more: Any) -> None:
        note_files(files, **more)
        if files[0].path == "b" and not files[0].wanted:
            settling.set()
            assert go_on.wait(30)

    def next_after() -> list[Tracked]:
        if go_on.is_set():
            at_end.set()
        return next_taken()

    sending.gate.clear()
    blocking = [f"{number}" for number in range(module.THREADS)]
    for name in blocking:
        add(uploads, ledger, name)
        until(lambda name=name: sending.at_once[name])
    sending.failures["a"] = [Unreachable("away")]
    add(uploads, ledger, "a", "b")
    monkeypatch.setattr(ledger, "note_files", note)
    sending.gate.set()
    assert settling.wait(30)
    sending.gate.clear()
    sending.begun.clear()
    uploads.hurry()
    sending.begun.wait(0.5)  # nobody should begin it so early
    monkeypatch.setattr(uploads, "_next", next_after)
    go_on.set()
    assert at_end.wait(30)
    assert not uploads.idle()
    sending.gate.set()
    settled(uploads)
    assert sending.sent == Counter([*blocking, "a", "b"])
