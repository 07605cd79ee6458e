"""The ledger: how far the sending of one spool has come, so that a keeper or a sync can go on after any end.

It is kept as records of its own. Each changes some of the state, the last one wins, and a record is written
only after the server has acknowledged what it says. What was sent but not yet noted is sent again: every
request is idempotent.
"""

from __future__ import annotations

import contextlib
import json
import os
import threading
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from ..records import SEGMENT_BYTES, START, Damaged, Position, Reader, Writer, segment_path, segments
from ..spool import Kind, ledger_folder
from ..values import encode


@dataclass(slots=True)
class Sent:
    """What the server holds of a file: `size` bytes with `sha256`, read from a file with this identity."""

    size: int
    sha256: str
    file_id: int | str
    inode: int
    mtime_ns: int
    racy: bool  # the file was so young when it was read that a later change might show the same times
    appended: bool = False  # grown tail by tail; the whole has not been compared since


@dataclass(slots=True)
class Tracked:
    """A file that was saved: `path` in the run, `local` on this machine."""

    path: str
    local: str
    policy: str
    size: int = 0  # when it was saved; for showing progress
    wanted: bool = False  # to be sent now
    confirm: bool = False  # saved once more: the server may have lost it since
    sent: Sent | None = None
    failed: str | None = None  # why the last attempt was given up
    vanished: bool = False  # there is nothing left to send
    upload: list[str] | None = None  # id of an upload that was begun, and how the file looked


@dataclass(slots=True)
class Bundle:
    """An artifact version to be made; `number` counts the artifacts of this spool."""

    number: int
    name: str
    content: dict[str, Any]  # type, aliases, description, metadata, and files as [path, local, size]
    artifact_id: int | None = None
    sent: dict[str, str] = field(default_factory=dict)  # paths that are registered, with their SHA-256
    version: str | None = None  # set when it is committed: "v3"
    failed: str | None = None

    @property
    def pending(self) -> bool:
        """Whether it is still to be sent."""
        return self.version is None and self.failed is None


class Ledger:
    """The state of sending; every method may be called from any thread and returns once it is written."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._mutex = threading.Lock()
        self.position = START
        self.run: dict[str, Any] | None = None  # the server's answer when the run was created or resumed
        self.begin: dict[str, Any] | None = None  # the spool's own "run" event
        self.asked = False  # the server was asked to create the run; its answer may have been lost
        self.history_next = 0  # number that the next unsent line gets on the server
        self.console_next = 0
        self.patch: dict[str, Any] = {}  # fields of the run that were changed and are not sent yet
        self.finish: dict[str, Any] | None = None  # the "finish" event, once it was read
        self.ended = False  # what is to be sent at the end of the run has been marked as wanted
        self.closed = False  # the server knows that the run has ended
        self.files: dict[str, Tracked] = {}
        self.bundles: dict[int, Bundle] = {}
        self._closed = False
        os.makedirs(folder, mode=0o700, exist_ok=True)
        self._load()
        self._writer = Writer(folder)
        self._size = 0
        with self._mutex:
            self._snapshot()

    def _load(self) -> None:
        reader = Reader(self._folder)
        existing = segments(self._folder)
        if existing:
            reader.position = Position(existing[0], 0)
        while True:
            try:
                payloads = reader.read()
            except Damaged:
                # What is not known to be sent is sent again, so a lost record costs work and no data.
                if not reader.skip_damage():
                    return
                continue
            if not payloads:
                return
            for payload in payloads:
                self._apply(json.loads(payload))

    def _apply(self, record: dict[str, Any]) -> None:
        for name, value in record.items():
            if name == "position":
                self.position = Position(*value)
            elif name == "file":
                self.files[value["path"]] = _tracked(value)
            elif name == "bundle":
                self.bundles[value["number"]] = Bundle(**value)
            else:
                setattr(self, name, value)

    def _snapshot(self) -> None:
        """Write the whole state, then drop what was written before it."""
        names = (
            "run",
            "begin",
            "asked",
            "history_next",
            "console_next",
            "patch",
            "finish",
            "ended",
            "closed",
        )
        state = {name: getattr(self, name) for name in names}
        self._append({"position": self.position, **state})
        for tracked in self.files.values():
            self._append({"file": asdict(tracked)})
        for bundle in self.bundles.values():
            self._append({"bundle": asdict(bundle)})
        first = self._first_of_snapshot
        for segment in segments(self._folder):
            if segment < first:
                os.unlink(segment_path(self._folder, segment))
        self._size = 0

    def _append(self, record: dict[str, Any]) -> None:
        payload = encode(record)
        if self._size == 0:
            self._writer.close()
            self._writer = Writer(self._folder)
            self._first_of_snapshot = self._writer.segment
        self._writer.append(payload)
        self._size += len(payload)

    def note(self, **changed: Any) -> None:
        """Set fields of the state, for ever. OSError if the disk does not take it: nothing changes then."""
        self.note_files((), **changed)

    def note_files(self, files: Iterable[Tracked], bundles: Sequence[Bundle] = (), **changed: Any) -> None:
        """Keep the state of these files and artifacts, and set fields of the state.

        OSError if the disk does not take all of it: the fields and artifacts are then as they were.
        """
        with self._mutex:
            for tracked in files:
                self._write({"file": asdict(tracked)})
                self.files[tracked.path] = tracked
            for bundle in bundles:
                self._write({"bundle": asdict(bundle)})
            if changed:
                self._write(changed)
                self._apply(changed)
            self.bundles |= {bundle.number: bundle for bundle in bundles}
            if self._size > SEGMENT_BYTES and not self._closed:
                self._size = 0
                with contextlib.suppress(OSError):  # the disk is full: what was written before is still there
                    self._snapshot()

    def _write(self, record: dict[str, Any]) -> None:
        if not self._closed:
            self._append(record)

    def close(self) -> None:
        """Let go of the files: what a thread that is still sending would note is sent again next time."""
        with self._mutex:
            self._closed = True
            self._writer.close()


def begun(folder: str) -> dict[str, Any] | None:
    """The "run" event that the spool in `folder` begins with, also when the record is gone that held it."""
    try:
        first = Reader(folder).read(1)
    except Damaged:
        first = []
    if first and first[0][:1] == Kind.EVENT:
        event: dict[str, Any] = json.loads(first[0][1:])
        if event["event"] == "run":
            return dict(event["run"])
    if not segments(ledger_folder(folder)):
        return None
    ledger = Ledger(ledger_folder(folder))
    ledger.close()
    return ledger.begin


def _tracked(value: dict[str, Any]) -> Tracked:
    sent = value.pop("sent")
    return Tracked(**value, sent=Sent(**sent) if sent else None)
