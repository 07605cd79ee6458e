"""Bundles: the artifacts that a run logs, each sent as a whole and then committed.

All files are hashed first: a version of the same content that is there already is found by its digest and
nothing is sent. A file that changes on the way makes the whole begin again: a version is what its files were
together.
"""

from __future__ import annotations

import contextlib
import hashlib
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from ..client import Target
from ..errors import Absent, Error, Unreachable
from ..hashing import Hasher, hash_range
from ..transport import Transport, path
from .ledger import Bundle, Ledger, Sent, Tracked
from .meter import Meter
from .parcels import Parcels, next_together
from .patience import Patience
from .subject import Unstable, Vanished, open_file
from .transfer import Transfer

FILE_THREADS = 4
PAUSE_FIRST_S = 0.5
PAUSE_MAX_S = 20.0
UNSTABLE_TRIES = 6


class Bundles:
    """The artifacts of one run, sent one after the other by a thread of their own."""

    def __init__(
        self,
        ledger: Ledger,
        transport: Transport,
        meter: Meter,
        patience: Patience,
        report: Callable[..., None],
    ) -> None:
        self._ledger = ledger
        self._transport = transport
        self._meter = meter
        self._patience = patience
        self._report = report
        self._change = threading.Condition()
        self._waiting = [bundle for bundle in ledger.bundles.values() if bundle.pending]
        self._busy = False
        self._stopping = False
        self.last_trouble: str | None = None
        threading.Thread(target=self._work, name="artifacts", daemon=True).start()

    def add(self, bundles: list[Bundle]) -> None:
        """Take artifacts that were logged; the caller has noted them in the ledger."""
        with self._change:
            self._waiting += bundles
            self._change.notify_all()

    def end(self) -> None:
        """The run ends: what failed is tried once more."""
        again = [bundle for bundle in self._ledger.bundles.values() if bundle.failed]
        for bundle in again:
            bundle.failed = None
        self.add(again)

    def hurry(self) -> None:
        """The server answers again: do not wait out the pause."""
        with self._change:
            self._change.notify_all()

    def idle(self) -> bool:
        """Whether nothing is being sent, and nothing waits to be."""
        with self._change:
            return not (self._waiting or self._busy)

    def stop(self) -> None:
        """Begin nothing more; what is under way may go on until the process ends, see `left`."""
        with self._change:
            self._stopping = True
            self._change.notify_all()

    def left(self, timeout_s: float | None) -> bool:
        """Whether after `stop` nothing is under way any more, or ends in time (None: wait for it)."""
        with self._change:
            return self._change.wait_for(lambda: not self._busy, timeout_s)

    def _work(self) -> None:
        while True:
            with self._change:
                self._busy = False
                self._change.notify_all()
                self._change.wait_for(lambda: self._waiting or self._stopping)
                if self._stopping:
                    return
                bundle = self._waiting.pop(0)
                self._busy = True
            self._send_until_done(bundle)

    def _send_until_done(self, bundle: Bundle) -> None:
        pause_s, unstable = PAUSE_FIRST_S, 0
        name = f"artifact {bundle.number}"
        while not self._stopping:
            try:
                self._send(bundle)
            except Unreachable as error:
                self.last_trouble = str(error)
                if self._patience.failed(name):
                    return  # for a later sync
                with self._change:
                    self._change.wait(pause_s)
                pause_s = min(PAUSE_MAX_S, 2 * pause_s)
            except Unstable as error:
                unstable += 1
                bundle.artifact_id, bundle.sent = None, {}
                if unstable > UNSTABLE_TRIES:
                    self._fail(bundle, str(error))
                    return
            except Exception as error:  # also a bug of ours: the run could never end
                expected = isinstance(error, Vanished | Error | OSError)
                self._fail(bundle, str(error) if expected else f"{type(error).__name__}: {error}")
                return
            else:
                self._patience.worked(name)
                self._report("artifact", number=bundle.number, version=bundle.version, failed=None)
                return

    def _note(self, bundle: Bundle) -> None:
        """Keep its state. A disk that does not take it costs work after a crash, and no data."""
        with contextlib.suppress(OSError):
            self._ledger.note_files((), [bundle])

    def _fail(self, bundle: Bundle, reason: str) -> None:
        bundle.failed = reason
        self._note(bundle)
        self._report("warning", text=f"artifact {bundle.name} was not saved: {reason}")
        self._report("artifact", number=bundle.number, version=None, failed=reason)

    def _send(self, bundle: Bundle) -> None:
        hashes = _hashes(bundle)
        if bundle.artifact_id is None:
            bundle.artifact_id = self._create(bundle, _digest(hashes))
            self._note(bundle)
        try:
            found = self._transport.call("GET", path("artifacts", bundle.artifact_id))
        except Absent:
            bundle.artifact_id, bundle.sent = None, {}
            raise Unstable("the server has dropped the unfinished version") from None
        if found["state"] == "pending":
            self._send_files(bundle, hashes)
        where = path("artifacts", bundle.artifact_id, "commit")
        committed = self._transport.call("POST", where, {"aliases": bundle.content["aliases"]})
        bundle.version = committed["version"]
        self._note(bundle)

    def _create(self, bundle: Bundle, digest: str) -> int:
        run = self._ledger.run or {}
        content = bundle.content
        body = {name: content[name] for name in ("name", "type", "description", "metadata")}
        body |= {"project": run["project"], "run": run["id"], "digest": digest}
        return int(self._transport.call("POST", path("artifacts"), body)["id"])

    def _send_files(self, bundle: Bundle, hashes: dict[str, str]) -> None:
        target = Target(self._transport, "artifacts", bundle.artifact_id or 0)
        transfer = Transfer(target, self._meter)
        parcels = Parcels(target, transfer, self._meter)

        def send(files: list[Tracked]) -> None:
            outcomes = parcels.send(files) if len(files) > 1 else [transfer.send(files[0])]
            failures = [outcome for outcome in outcomes if isinstance(outcome, Exception)]
            for tracked, outcome in zip(files, outcomes, strict=True):
                if isinstance(outcome, Sent):
                    bundle.sent[tracked.path] = outcome.sha256
                    if outcome.sha256 != hashes[tracked.path]:
                        failures.append(Unstable(f"{tracked.path} changed while the artifact was sent"))
            if failures:
                raise failures[0]

        files = deque(
            Tracked(where, local, "now", size)
            for where, local, size in bundle.content["files"]
            if bundle.sent.get(where) != hashes[where]
        )
        try:
            with ThreadPoolExecutor(FILE_THREADS) as threads:
                list(threads.map(send, iter(lambda: next_together(files), [])))
        finally:
            self._note(bundle)


def _hashes(bundle: Bundle) -> dict[str, str]:
    """The SHA-256 of each file as it is now."""
    hashes = {}
    for where, local, _ in bundle.content["files"]:
        with open_file(local) as file:
            hashes[where] = hash_range(file, 0, 1 << 62, Hasher(md5=False)).digest().sha256
    return hashes


def _digest(hashes: dict[str, str]) -> str:
    """One hash over all paths and contents: the same files give the same digest."""
    listed = "".join(f"{sha256} {where}\n" for where, sha256 in sorted(hashes.items()))
    return hashlib.sha256(listed.encode()).hexdigest()
