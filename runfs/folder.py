"""The data folder: made where it is missing, writable, and one daemon's alone while it runs."""

from __future__ import annotations

import fcntl
import os
import pwd
from pathlib import Path

from runfs.errors import CommandError

KEY_FILE = "key"
LOCK_FILE = "lock"
BLOBS_FILE = "blobs.url"
_FOLDER_MODE = 0o700
_KEY_MODE = 0o600
_ANOTHER = "choose another with --data DIR"


def make(data: Path, owner: pwd.struct_passwd | None, remedy: str = _ANOTHER) -> None:
    """Make the folder and what is missing above it, for `owner` where one is given; its contents are private.

    Raises CommandError, which ends with the remedy.
    """
    missing = [folder for folder in (data, *data.parents) if not folder.exists()]
    try:
        for folder in reversed(missing):
            folder.mkdir(mode=_FOLDER_MODE, exist_ok=True)
            if owner is not None:
                os.chown(folder, owner.pw_uid, owner.pw_gid)
    except OSError as error:
        raise CommandError(_complaint(data, error, remedy)) from None


def lock(data: Path, remedy: str = _ANOTHER) -> int:
    """Take the folder for this process, until the returned descriptor is closed.

    Raises CommandError when another daemon has it, or it cannot be written: then it ends with the remedy.
    """
    try:
        descriptor = os.open(data / LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise CommandError(_complaint(data, error, remedy)) from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as taken:
        os.close(descriptor)
        raise CommandError(f"another runfs serves {data}; stop it, or choose another --data DIR") from taken
    return descriptor


def is_locked(data: Path) -> bool:
    """Whether a daemon has the folder now."""
    try:
        os.close(lock(data))
    except CommandError as refused:
        return isinstance(refused.__cause__, BlockingIOError)
    return False


def write_key(data: Path, key: str) -> Path:
    """Write the first-start key where the SDK of the same account finds it; only that account may read it."""
    path = data / KEY_FILE
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, _KEY_MODE)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        os.fchmod(descriptor, _KEY_MODE)
        file.write(key + "\n")
        file.flush()
        os.fsync(descriptor)
    return path


def note_blobs(data: Path, url: str | None) -> None:
    """Remember where the bytes are when they are not in the folder itself: commands and later starts use it.

    Bytes that went elsewhere at one start would be missing at the next.
    """
    path = data / BLOBS_FILE
    if url is None:
        path.unlink(missing_ok=True)
        return
    if url == noted_blobs(data):
        return
    fresh = path.with_suffix(".tmp")
    fresh.write_text(url + "\n", encoding="utf-8")
    fresh.replace(path)


def noted_blobs(data: Path) -> str | None:
    """Where the bytes are, None when in the folder itself."""
    try:
        return (data / BLOBS_FILE).read_text(encoding="utf-8").strip() or None
    except OSError:
        return None


def _complaint(data: Path, error: OSError, remedy: str) -> str:
    whom = pwd.getpwuid(os.geteuid()).pw_name
    return f"{whom} cannot write the data folder {data}: {error.strerror}; {remedy}"
