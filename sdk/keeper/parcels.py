"""Parcels: small files that go together in one request, each with its own outcome."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Sequence
from typing import Any, NamedTuple

from ..client import Target
from ..content_type import HEAD_BYTES, content_type
from ..errors import Error, Mismatch, ServerError, Unreachable
from ..hashing import Digest, Hasher
from ..transport import refusal
from .ledger import Sent, Tracked
from .meter import Meter
from .subject import Unstable, Vanished, check_unchanged, open_file, sent_as
from .transfer import Transfer

FILE_BYTES = 256 << 10  # a larger file goes alone
PARCEL_BYTES = 4 << 20
PARCEL_FILES = 200

Outcome = Sent | Exception
FAILURES = (Vanished, Unstable, Error, OSError)


class _Read(NamedTuple):
    """A file as it was read."""

    tracked: Tracked
    data: bytes
    digest: Digest
    seen: os.stat_result
    seen_ns: int

    @property
    def described(self) -> dict[str, Any]:
        """What the server is told of it."""
        path, kind = self.tracked.path, content_type(self.tracked.path, self.data[:HEAD_BYTES])
        return {"path": path, "size": self.digest.size, "sha256": self.digest.sha256, "content_type": kind}


class Parcels:
    """Sends small files to one target; its methods may run in several threads at once."""

    def __init__(self, target: Target, transfer: Transfer, meter: Meter) -> None:
        self._target = target
        self._transfer = transfer
        self._meter = meter

    def send(self, files: Sequence[Tracked]) -> list[Outcome]:
        """Bring the server to hold these files as they are now.

        An outcome for each, in order: the note of what was sent, or what `Transfer.send` would have raised.
        """
        outcomes: dict[str, Outcome] = {}
        parcel: list[_Read] = []
        for tracked in files:
            try:
                parcel.append(_read(tracked))
            except _TooLarge:
                outcomes[tracked.path] = self._alone(tracked)
            except FAILURES as error:
                outcomes[tracked.path] = error
        for read, outcome in zip(parcel, self._sent(parcel), strict=True):
            outcomes[read.tracked.path] = outcome
        return [outcomes[tracked.path] for tracked in files]

    def _sent(self, parcel: Sequence[_Read]) -> list[Outcome]:
        if not parcel:
            return []
        try:
            answers = self._target.put_all([(read.described, read.data) for read in parcel])
        except Unreachable as error:
            return [error] * len(parcel)
        except ServerError:  # of the whole: one by one it turns out which file is meant
            return [self._alone(read.tracked) for read in parcel]
        return [self._settled(read, answer) for read, answer in zip(parcel, answers, strict=True)]

    def _settled(self, read: _Read, answer: dict[str, Any]) -> Outcome:
        problem = answer["problem"]
        if problem is not None:
            error = refusal(self._target.transport.url, problem["status"], problem)
            return Unstable("it changed while it was read") if isinstance(error, Mismatch) else error
        self._meter.add(read.digest.size)
        return sent_as(read.digest, answer["file"]["id"], read.seen, read.seen_ns)

    def _alone(self, tracked: Tracked) -> Outcome:
        try:
            return self._transfer.send(tracked)
        except FAILURES as error:
            return error


class _TooLarge(Exception):
    """The file has become too large for a parcel since it was saved."""


def _read(tracked: Tracked) -> _Read:
    with open_file(tracked.local) as file:
        seen_ns = time.time_ns()
        seen = os.fstat(file.fileno())
        if seen.st_size > FILE_BYTES:
            raise _TooLarge
        data = os.pread(file.fileno(), FILE_BYTES, 0)[: seen.st_size]
        check_unchanged(file, seen, len(data))
        hasher = Hasher(md5=False)
        hasher.update(data)
        return _Read(tracked, data, hasher.digest(), seen, seen_ns)


def next_together(waiting: deque[Tracked]) -> list[Tracked]:
    """Take the first files of `waiting` that go into one parcel, or the first one alone; empty: none wait."""
    taken: list[Tracked] = []
    size = 0
    while waiting and len(taken) < PARCEL_FILES:
        alone = not _is_small(waiting[0])
        size += waiting[0].size
        if taken and (alone or size > PARCEL_BYTES):
            break
        taken.append(waiting.popleft())
        if alone:
            break
    return taken


def _is_small(tracked: Tracked) -> bool:
    """Of those that the server has not got yet: what it has may be the same, or have grown."""
    return tracked.sent is None and tracked.upload is None and tracked.size <= FILE_BYTES
