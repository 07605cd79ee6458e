"""Delivery: the records of one spool to the server, in order, each step such that it may be repeated.

A batch of records is sent, its files are handed to the upload threads, and only then is the position noted.
Cut off anywhere in between, the same records are read and sent again: lines carry their numbers, and files
their hashes.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any

from ..client import RunClient, Target, create_run
from ..errors import Absent, Conflict, Error, ServerError
from ..records import Damaged, Reader, segment_path, segments
from ..transport import Transport
from .bundles import Bundles
from .fold import Batch, fold, merge, pieces
from .ledger import Bundle, Ledger, Sent, Tracked
from .meter import Meter
from .parcels import Parcels
from .patience import Patience
from .tail import Tails
from .transfer import Transfer
from .uploads import Uploads

PATCH_EVERY_S = 1.0
HEARTBEAT_S = 10.0
LINES_MAX = 10_000  # of one request
MALFORMED = (400, 413, 422)  # refusals of the content itself: waiting would not help
EMPTY_LINE: dict[str, Any] = {"history": b"{}", "console": ""}  # keeps the numbers of the lines after it


class Refused(Error):
    """The server will not have this run, now or later."""


class Gone(Refused):
    """The server had this run, and has it no more."""


class Delivery:
    """What has to go to the server; every method may raise Unreachable, and may then be called again."""

    def __init__(
        self,
        folder: str,
        ledger: Ledger,
        transport: Transport,
        meter: Meter,
        patience: Patience,
        heard: Callable[[], None],
        report: Callable[..., None],
    ) -> None:
        self._folder = folder
        self._ledger = ledger
        self._transport = transport
        self._meter = meter
        self._patience = patience
        self._heard = heard
        self._report = report
        self._reader = Reader(folder, ledger.position)
        self._batch: Batch | None = None
        self._run: RunClient | None = None
        self.uploads: Uploads | None = None
        self.bundles: Bundles | None = None
        self._patched_at = 0.0
        self._beat_at = 0.0
        self._ended = False

    def begin(self) -> bool:
        """Create or resume the run, once its first record is there; whether that is done. Refused if not."""
        if self._run is not None:
            return True
        if self._ledger.begin is None:
            self._batch = self._batch or self._read()
            if self._batch is None:
                return False
            if not self._batch.events or self._batch.events[0]["event"] != "run":
                raise Refused(f"{self._folder} does not begin with a run")
            self._ledger.begin = self._batch.events.pop(0)["run"]
        if self._ledger.run is None:
            run = self._create(self._ledger.begin or {})
            self._heard()
            lines = {"history_next": run["history_lines"], "console_next": run["console_lines"]}
            self._ledger.note(run=run, begin=self._ledger.begin, **lines)
        self._start(self._ledger.run or {})
        return True

    def _create(self, begin: dict[str, Any]) -> dict[str, Any]:
        asked_before = self._ledger.asked
        self._ledger.note(begin=begin, asked=True)
        try:
            return create_run(self._transport, begin)
        except Conflict as error:
            # After an answer that was lost: the run is ours if it is still empty.
            if not asked_before or begin["resume"] != "never":
                raise Refused(error.detail) from error
            found = RunClient(self._transport, begin["id"], begin.get("project")).get()
            if found["history_lines"] or found["files"] or found["host"] != begin["host"]:
                raise Refused(error.detail) from error
            return create_run(self._transport, {**begin, "resume": "must"})
        except ServerError as error:
            raise Refused(error.detail) from error

    def _start(self, run: dict[str, Any]) -> None:
        self._run = RunClient(self._transport, run["id"], run["project"])
        target = Target(self._transport, "runs", run["id"], project=run["project"])
        transfer, tails = Transfer(target, self._meter), Tails(target, self._meter)

        def send(tracked: Tracked, note: Callable[[], None]) -> Sent:
            if tracked.policy == "live" and not self._ended:
                return tails.send(tracked) or transfer.send(tracked, note)
            return transfer.send(tracked, note)

        parcels = Parcels(target, transfer, self._meter)
        self.uploads = Uploads(self._ledger, send, parcels.send, self._warn, self._patience)
        self.bundles = Bundles(self._ledger, self._transport, self._meter, self._patience, self._report)
        self._beat_at = time.monotonic()

    def deliver(self) -> bool:
        """Send the next batch; False if the spool is read to its end."""
        self._batch = self._batch or self._read()
        if self._batch is None:
            return False
        self._send(self._batch)
        self._batch = None
        for segment in segments(self._folder):
            if segment < self._reader.position.segment:
                os.unlink(segment_path(self._folder, segment))
        return True

    def _read(self) -> Batch | None:
        while True:
            try:
                payloads = self._reader.read()
            except Damaged as damage:
                if not self._reader.skip_damage():
                    return None
                self._warn(f"{damage}; what follows in that file could not be sent")
            else:
                return fold(payloads) if payloads else None

    def _send(self, batch: Batch) -> None:
        assert self._run is not None
        assert self.uploads is not None
        assert self.bundles is not None
        self._send_lines(self._run.history, "history", batch.history)
        self._send_lines(self._run.console, "console", batch.console)
        with self.uploads.held():
            files, bundles, changed = self._take_events(batch.events)
            merge(changed["patch"], batch.patch)
            self._ledger.note_files(
                files,
                bundles,
                position=self._reader.position,
                history_next=self._ledger.history_next + len(batch.history),
                console_next=self._ledger.console_next + len(batch.console),
                **changed,
            )
            self.uploads.add(files)
        self.bundles.add(bundles)

    def _send_lines(self, send: Callable[[int, Any], int], stream: str, lines: Any) -> None:
        for start in range(0, len(lines), LINES_MAX):
            self._send_some(send, stream, start, lines[start : start + LINES_MAX])
            self._heard()

    def _send_some(self, send: Callable[[int, Any], int], stream: str, start: int, lines: Any) -> None:
        """Send lines, after `start` others of the batch; a line that is refused is told and left empty."""
        assert self._run is not None
        counter = f"{stream}_next"
        try:
            send(getattr(self._ledger, counter) + start, lines)
        except Conflict:
            # Another process has written to this run, or the server is an older copy: go on at its end.
            end = self._run.get()[f"{stream}_lines"]
            send(end, lines)
            setattr(self._ledger, counter, end - start)
        except ServerError as error:
            if error.status not in MALFORMED:
                raise
            if len(lines) == 1:
                self._warn(f"a line of the {stream} was refused: {error.detail}")
                lines = [EMPTY_LINE[stream]]
                send(getattr(self._ledger, counter) + start, lines)
                return
            half = len(lines) // 2
            self._send_some(send, stream, start, lines[:half])
            self._send_some(send, stream, start + half, lines[half:])

    def _take_events(
        self, events: list[dict[str, Any]]
    ) -> tuple[list[Tracked], list[Bundle], dict[str, Any]]:
        """The files that were saved, the artifacts that were logged, the ledger's fields that change."""
        files: dict[str, Tracked] = {}
        bundles = []
        patch = self._ledger.patch
        changed: dict[str, Any] = {"patch": {name: _copied(value) for name, value in patch.items()}}
        for event in events:
            if event["event"] == "save":
                for path, local, size in event["files"]:
                    tracked = self._ledger.files.get(path) or files.get(path) or Tracked(path, local, "now")
                    tracked.local, tracked.policy, tracked.size = local, event["policy"], size
                    tracked.confirm = tracked.sent is not None
                    tracked.wanted = tracked.wanted or event["policy"] != "end"
                    files[path] = tracked
            elif event["event"] == "artifact":
                if event["number"] not in self._ledger.bundles:
                    bundles.append(Bundle(event["number"], event["name"], event))
            elif event["event"] == "finish":
                changed["finish"] = {"exit_code": event["exit_code"], "state": event["state"]}
        return list(files.values()), bundles, changed

    def check_there(self) -> None:
        """Gone if the server has lost the run since it was created."""
        if self._run is None:
            return
        try:
            self._run.get()
        except Absent as error:
            if error.kind.endswith(":not-found"):  # the server's own word, and not that of a proxy before it
                gone = f"the server has no run {self._run.run_id} any more"
                raise Gone(f"{gone}: it was deleted, or this key may not see it") from error

    def patch(self) -> None:
        """Send the fields that were changed, once a second at most while the run goes on."""
        due = self._ledger.finish is not None or time.monotonic() - self._patched_at >= PATCH_EVERY_S
        if self._ledger.patch and due:
            assert self._run is not None
            self._patched_at = time.monotonic()
            for piece in pieces(self._ledger.patch):
                try:
                    self._run.patch(piece)
                except ServerError as error:
                    if error.status not in MALFORMED:
                        raise
                    self._warn(f"{', '.join(piece)} could not be changed: {error.detail}")
                self._heard()
            self._ledger.note(patch={})

    def heartbeat(self) -> None:
        """Say that the run lives, when that is due."""
        if not self._ledger.closed and time.monotonic() - self._beat_at >= HEARTBEAT_S:
            assert self._run is not None
            self._run.heartbeat()
            self._heard()
            self._beat_at = time.monotonic()

    def end(self) -> bool:
        """After the last record of an ended run: last files, then the end itself; whether that is done."""
        assert self._run is not None
        assert self.uploads is not None
        assert self.bundles is not None
        if not self._ended:
            self._ended = True
            if rest := self._reader.rest():
                self._warn(f"the last {rest} bytes of {self._folder} are damaged, and could not be sent")
            self.uploads.end()
            self.bundles.end()
        if not (self.uploads.idle() and self.bundles.idle()):
            return False
        finish = self._ledger.finish
        if not self._ledger.closed and finish is not None:
            self._run.finish(finish["exit_code"], finish["state"])
            self._heard()
            self._ledger.note(closed=True)
        return True

    def _warn(self, text: str) -> None:
        self._report("warning", text=text)

    def hurry(self) -> None:
        """The server answers again: do not wait out the pauses of single files."""
        if self.uploads is not None and self.bundles is not None:
            self.uploads.hurry()
            self.bundles.hurry()

    def stop(self) -> None:
        """Begin nothing more."""
        if self.uploads is not None and self.bundles is not None:
            self.uploads.stop()
            self.bundles.stop()

    def left(self, timeout_s: float | None) -> bool:
        """Whether after `stop` no file is on its way any more, or is there in time (None: wait for it)."""
        if self.uploads is None or self.bundles is None:
            return True
        return self.uploads.left(timeout_s) and self.bundles.left(timeout_s)


def _copied(value: Any) -> Any:
    return value.copy() if isinstance(value, dict | list) else value
