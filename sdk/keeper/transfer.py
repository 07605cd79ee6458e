"""One file to the server: hash, ask, send what is missing, register.

The server verifies the hash, so what is registered is what the file was at one moment, or nothing is. What
comes in parts is hashed while they are sent, and the server then told: if it has the content, the rest is not
sent.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ..client import Target
from ..content_type import HEAD_BYTES, content_type
from ..errors import Absent, Conflict, Denied, Error, Mismatch, ServerError, Unreachable
from ..hashing import MD5_MAX_BYTES, Digest
from .ledger import Sent, Tracked
from .meter import Meter
from .subject import Subject, Unstable, Window, check_unchanged, open_file

PARTS_FROM_BYTES = MD5_MAX_BYTES  # what is larger the server wants in parts, and without an MD5
PART_THREADS = 4
PART_TRIES = 4


class Transfer:
    """Sends files to one target; its methods may run in several threads at once."""

    def __init__(self, target: Target, meter: Meter) -> None:
        self._target = target
        self._meter = meter

    def send(self, tracked: Tracked, note: Callable[[], None] = lambda: None) -> Sent:
        """Bring the server to hold the file as it is now; `note` is called when an upload was begun.

        Vanished, Unstable, Unreachable, or the ServerError of a refusal.
        """
        with open_file(tracked.local) as file:
            subject = Subject(file)
            known = tracked.sent
            if known is not None and known.size == subject.size:
                digest = subject.digest()
                same = known.sha256 == digest.sha256
                if same and not (tracked.confirm and self._target.lacks(known.file_id, digest.sha256)):
                    return subject.sent(known.file_id)
            if subject.small is not None:
                entry = self._put_small(tracked.path, subject.small[: subject.size], subject.digest())
            else:
                entry = self._publish(tracked, subject, note)
            return subject.sent(entry["id"])

    def _put_small(self, path: str, data: bytes, digest: Digest) -> dict[str, Any]:
        hashes = {"md5": digest.md5, "sha256": digest.sha256}
        kind = content_type(path, data[:HEAD_BYTES])
        try:
            entry = self._target.put(path, data, content_type=kind, **hashes)
        except Mismatch as error:
            raise Unstable("it changed while it was read") from error
        self._meter.add(len(data))
        return entry

    def _publish(self, tracked: Tracked, subject: Subject, note: Callable[[], None]) -> dict[str, Any]:
        if subject.size <= PARTS_FROM_BYTES:
            subject.digest()
        failures, missing = 0, 0
        while True:
            upload = self._begun(tracked, subject) or self._asked(tracked.path, subject)
            if upload["parts"] is not None:
                tracked.upload = [upload["upload_id"], subject.look]
                note()
                failures = 0 if len(upload["parts"]) < missing else failures
                missing = len(upload["parts"])
            try:
                upload_id = self._send_bytes(subject, upload)
                entry = self._target.register(upload_id, subject.digest().sha256)
                tracked.upload = None
                return entry
            except Unstable:
                self._drop(tracked)
                raise
            except Mismatch as error:
                self._drop(tracked)
                raise Unstable("it changed while it was read") from error
            except (Absent, Conflict, Denied):
                # The upload is not what we were told any more: its URLs expired, or it was dropped. A large
                # file may take longer than a URL is good for, so as long as parts arrive it goes on.
                failures += 1
                if failures == 2:
                    raise

    def _asked(self, where: str, subject: Subject) -> dict[str, Any]:
        kind = content_type(where, os.pread(subject.file.fileno(), HEAD_BYTES, 0))
        md5, sha256 = (subject.hashed.md5, subject.hashed.sha256) if subject.hashed else (None, None)
        return self._target.request(path=where, size=subject.size, content_type=kind, md5=md5, sha256=sha256)

    def _begun(self, tracked: Tracked, subject: Subject) -> dict[str, Any] | None:
        """An upload in parts that was cut off, if the file looks the same: what is missing goes on.

        Should it be another content, the hash of the whole tells.
        """
        if tracked.upload is None:
            return None
        if tracked.upload[1] != subject.look:
            self._drop(tracked)
            return None
        try:
            return self._target.resume(tracked.upload[0])
        except (Absent, Conflict):
            tracked.upload = None
            return None

    def _drop(self, tracked: Tracked) -> None:
        """Nothing of the upload that was begun is of use."""
        begun, tracked.upload = tracked.upload, None
        if begun is not None:
            with contextlib.suppress(Error):  # the server drops it by itself when it hears no more of it
                self._target.abort(begun[0])

    def _send_bytes(self, subject: Subject, upload: dict[str, Any]) -> str:
        """Send what is missing of an upload; the id of the one to register."""
        parts, needless = upload["parts"], threading.Event()
        if parts is None:
            if not upload["already_stored"]:
                self._put(subject, upload, 0, subject.size, needless)
            return str(upload["upload_id"])
        with ThreadPoolExecutor(min(PART_THREADS, len(parts)) or 1) as threads:
            sends = [
                threads.submit(self._put, subject, part, part["offset"], part["size"], needless)
                for part in parts
            ]
            try:
                if subject.hashed is None:
                    upload = self._told(upload, subject, needless)
                if not upload["already_stored"]:
                    for each in sends:
                        each.result()
            finally:
                for each in sends:
                    each.cancel()
        return str(upload["upload_id"])

    def _told(self, upload: dict[str, Any], subject: Subject, needless: threading.Event) -> dict[str, Any]:
        """Hash what is being sent, and tell the server; the upload to go on with."""
        try:
            told = self._target.tell(upload["upload_id"], subject.digest().sha256)
        except (Mismatch, Unstable):
            needless.set()
            raise
        if told["already_stored"]:
            needless.set()
        return told

    def _put(
        self, subject: Subject, where: dict[str, Any], offset: int, size: int, needless: threading.Event
    ) -> None:
        for attempt in range(1, PART_TRIES + 1):
            body: Any = Window(subject.file, offset, size, self._meter, needless) if size else b""
            try:
                self._target.transport.put(where["upload_url"], where["method"], where["headers"], body, size)
            except Unreachable:
                if attempt == PART_TRIES:
                    raise
            except ServerError as error:
                if error.status == 412:  # S3 takes a URL once: it has the bytes, only its answer was lost
                    return
                if error.status != 400:
                    raise
                # S3 compared what came with the hash that was signed; but a connection that stalled or broke
                # is answered so too, and for that alone no upload is thrown away.
                check_unchanged(subject.file, subject.seen, subject.size)
                if attempt == PART_TRIES:
                    raise Unstable("it changed while it was read") from error
            else:
                return
            time.sleep(0.2 * 2**attempt)
