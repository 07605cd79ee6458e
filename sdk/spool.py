"""The spool: one folder for one run, which holds everything the server has not acknowledged yet.

The training process appends records and never waits for the network; the keeper, or later `sync`, reads them
and notes in its ledger how far it has come. A disk that is full, or a spool over its limit, keeps records in
memory up to a bound; what does not fit there is dropped and counted, and the count is said at finish.

    ROOT/20260131-120000-a1b2c3d4/     one run of one training process; removed when all of it has been sent
        records-00000001 ...           what the training process wrote, see `Kind`
        ledger/records-...             how far sending has come
        writer.lock  sender.lock       held by the training process, and by whoever sends
        keeper.log                     what went wrong while sending
"""

from __future__ import annotations

import contextlib
import errno
import os
import sys
import threading
import time
from typing import Any

from .errors import NotASpool, SettingsError
from .records import SEGMENT_BYTES, Writer, frame, segment_path, segments
from .values import encode

HELD_MAX_BYTES = 16 << 20  # kept in memory while the disk takes nothing
DISK_RETRY_S = 1.0


class Kind:
    """The first byte of a record's payload; the rest of it is the content."""

    HISTORY = b"h"  # one line of history: JSON without its newline
    CONSOLE = b"c"  # one line of output, UTF-8 without its newline
    EVENT = b"e"  # a JSON object whose "event" names it: run, config, summary, update, save, artifact, finish


class Lock:
    """A lock that its process holds until it ends, however it ends. Children made by fork let go of it.

    It keeps out the other threads of its process too: each `Lock` is a holder of its own.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._file = -1

    def take(self) -> bool:
        """Whether this process now holds the lock; never waits."""
        file = os.open(self._path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o600)
        if not _lock(file):
            os.close(file)
            return False
        self._file = file
        return True

    def drop(self) -> None:
        """Let go, if it is held."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


def _lock(file: int) -> bool:
    if sys.platform == "win32":
        return True
    import fcntl

    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        # A network file system without locks: two senders at once do no harm, every request is idempotent.
        return error.errno not in (errno.EWOULDBLOCK, errno.EACCES)
    return True


def ledger_folder(folder: str) -> str:
    """Where the ledger of a spool stands."""
    return os.path.join(folder, "ledger")


def writer_lock(folder: str) -> Lock:
    """Held while the training process lives."""
    return Lock(os.path.join(folder, "writer.lock"))


def sender_lock(folder: str) -> Lock:
    """Held by the one that sends this spool."""
    return Lock(os.path.join(folder, "sender.lock"))


def found(root: str) -> list[str]:
    """The spools under `root`, oldest first; `root` may also be a spool itself."""
    try:
        if segments(root):
            return [root]
        names = sorted(os.listdir(root))
    except FileNotFoundError:
        return []
    except NotADirectoryError:
        raise NotASpool(
            f"{root} is a file; give the folder of a run, or the folder that holds them"
        ) from None
    paths = [os.path.join(root, name) for name in names]
    return [path for path in paths if os.path.isdir(path) and segments(path)]


def remove(folder: str) -> None:
    """Remove a spool whose every record has been sent.

    The records go first: without its ledger, what is left of them would be sent again.
    """
    import shutil

    with contextlib.suppress(OSError):
        for segment in segments(folder):
            os.unlink(segment_path(folder, segment))
    shutil.rmtree(folder, ignore_errors=True)


class Spool:
    """The training process's end of a spool; its methods may be called from any thread."""

    def __init__(self, root: str, run_id: str, max_bytes: int) -> None:
        try:
            self.folder = _make_folder(root, run_id)
            self._lock = writer_lock(self.folder)
            self._lock.take()  # before there are records, by which `sync` finds a spool
            self._writer = Writer(self.folder)
        except OSError as error:
            raise SettingsError(
                f"{root} cannot hold the run: {error.strerror}; name another folder by dir or RUNFS_DIR"
            ) from error
        self._max_segments = max(2, max_bytes // SEGMENT_BYTES)
        self._checked_segment = 0
        self._mutex = threading.RLock()  # taken again by a signal's function that logs
        self._held: list[bytes] = []
        self._held_bytes = 0
        self._retry_at = 0.0
        self.rows = 0  # of history that were given
        self.files = 0  # that were saved, as their saver counts them
        self.dropped = 0  # records that were lost for want of disk and memory
        self.trouble: OSError | None = None  # why the disk does not take records now
        self._said: set[str] = set()

    def history(self, line: bytes) -> None:
        """Keep one line of history."""
        self._keep(frame(Kind.HISTORY + line), must=False)
        self.rows += 1

    def console(self, text: bytes) -> None:
        """Keep one line of output."""
        self._keep(frame(Kind.CONSOLE + text), must=False)

    def event(self, name: str, /, **content: Any) -> None:
        """Keep an event; events are never dropped."""
        self._keep(frame(Kind.EVENT + encode({"event": name, **content})), must=True)

    def _keep(self, data: bytes, must: bool) -> None:
        with self._mutex:
            if self._held and not self._write_held():
                self._hold(data, must)
                return
            try:
                self._write(data)
            except OSError as error:
                self.trouble = error
                self._retry_at = time.monotonic() + DISK_RETRY_S
                self._hold(data, must)

    def _write(self, data: bytes) -> None:
        if self._writer.segment != self._checked_segment:
            if len(segments(self.folder)) > self._max_segments:
                raise OSError(
                    errno.EDQUOT, "the spool has reached its limit (RUNFS_SPOOL_BYTES)", self.folder
                )
            self._checked_segment = self._writer.segment
        self._writer.append_framed(data)

    def _hold(self, data: bytes, must: bool) -> None:
        if not must and self._held_bytes + len(data) > HELD_MAX_BYTES:
            self.dropped += 1
            return
        self._held.append(data)
        self._held_bytes += len(data)

    def _write_held(self) -> bool:
        if time.monotonic() < self._retry_at:
            return False
        try:
            while self._held:
                self._write(self._held[0])
                self._held_bytes -= len(self._held.pop(0))
        except OSError as error:
            self.trouble = error
            self._retry_at = time.monotonic() + DISK_RETRY_S
            return False
        self.trouble = None
        return True

    def complaint(self) -> str | None:
        """What is wrong with the disk, in words, once; then that lines are lost, once; else None."""
        if self.trouble is not None and "disk" not in self._said:
            self._said.add("disk")
            return (
                f"{self.folder} cannot be written ({self.trouble.strerror}): what is logged is kept in memory"
            )
        if self.dropped and "dropped" not in self._said:
            self._said.add("dropped")
            return "the disk takes nothing and the memory kept for that is full: logged rows are lost now"
        return None

    @property
    def held(self) -> int:
        """Records that are in memory alone, because the disk does not take them."""
        return len(self._held)

    def flush(self) -> bool:
        """Try once more to bring to disk what is held in memory; whether nothing is left there."""
        with self._mutex:
            self._retry_at = 0.0
            return self._write_held()

    def close(self) -> None:
        """Let go of the folder; what it holds stays for the sender."""
        with self._mutex:
            self.let_go()

    def let_go(self) -> None:
        """The same in a forked child, whose copy of the mutex may be held by a thread that it has not got."""
        self._writer.close()
        self._lock.drop()


def _make_folder(root: str, run_id: str) -> str:
    began = time.strftime("%Y%m%d-%H%M%S")
    os.makedirs(root, mode=0o700, exist_ok=True)
    for attempt in range(1000):
        folder = os.path.join(root, f"{began}-{run_id}" + (f"-{attempt}" if attempt else ""))
        try:
            os.mkdir(folder, 0o700)
        except FileExistsError:
            continue
        return folder
    raise FileExistsError(errno.EEXIST, "too many runs of one id in one second", root)
