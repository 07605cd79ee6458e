"""Which files `save` means: a glob below a base, as paths in the run and the local files they stand for.

`*` and `?` stay within one component, `**` is any number of directories, and wildcards pass over names that
begin with a dot. A symbolic link is followed only to a place inside the base, and `**` never walks through
one.
"""

from __future__ import annotations

import fnmatch
import os
import re
import stat
from collections.abc import Iterator
from typing import NamedTuple

from .names import check_path

WILDCARD = re.compile(r"[*?\[]")


class Chosen(NamedTuple):
    """One file to save: its path in the run, where it is read, and its size when it was looked at."""

    path: str
    local: str
    size: int


class Selection(NamedTuple):
    """What a glob chose, and a sentence for each thing it named that cannot be saved."""

    files: list[Chosen]
    warnings: list[str]


def select(
    glob_str: str | bytes | os.PathLike[str],
    base_path: str | bytes | os.PathLike[str] | None = None,
    ignore: tuple[str, ...] = (),
    literal: bool = False,
) -> Selection:
    """The files that `glob_str` names below `base_path`.

    Without a base: the working directory, and for an absolute glob the parent of its folder.
    ValueError where the glob leaves the base or is the base; `literal` takes wildcards as they stand.
    """
    pattern = os.fsdecode(glob_str)
    base, relative, warnings = _below_base(pattern, None if base_path is None else os.fsdecode(base_path))
    parts = relative.split(os.sep)
    if literal or not WILDCARD.search(relative):
        matches, named = [relative], True
    else:
        matches, named = sorted(set(_walk(base, "", parts))), False
        if not matches and os.path.lexists(os.path.join(base, relative)):
            matches, named = [relative], True  # a file whose own name has brackets or stars
    files = []
    place = _Base(base)
    for match in matches:
        reason, size = place.look_at(match)
        path = match.replace(os.sep, "/")
        if reason is None and any(fnmatch.fnmatchcase(path, glob) for glob in ignore):
            continue
        if reason is None:
            files.append(Chosen(path, os.path.join(base, match), size))
        elif named:
            _refuse(os.path.join(base, match), reason)
        elif reason is not _DIRECTORY:
            warnings.append(f"{match!r} is not saved: {reason}")
    return Selection(files, warnings)


def _below_base(pattern: str, base_path: str | None) -> tuple[str, str, list[str]]:
    """The absolute base, the glob relative to it, and warnings."""
    if "://" in pattern:
        raise ValueError(
            f"save takes files of this machine; {pattern!r} is an address elsewhere, which it cannot read"
        )
    if not pattern or "\0" in pattern:
        raise ValueError("save needs a path or a glob")
    warnings = []
    absolute = os.path.abspath(pattern)
    if base_path is not None:
        base = os.path.abspath(base_path)
    elif os.path.isabs(pattern):
        base = os.path.dirname(os.path.dirname(absolute))
        warnings.append(
            "Saving files without folders. If you want to preserve subdirectories pass base_path,"
            f' for example save({pattern!r}, base_path="{os.path.dirname(base)}").'
        )
    else:
        base = os.getcwd()
    if absolute == base:
        raise ValueError("Glob cannot be the same as the base path")
    relative = os.path.relpath(absolute, base)
    parts = relative.split(os.sep)
    if parts[0] == os.pardir or (os.pardir in pattern.split("/") and _leaves(pattern)):
        raise ValueError("Glob may not walk above the base path")
    if parts[0] == "*":
        raise ValueError("Glob may not start with '*' relative to the base path")
    return base, relative, warnings


def _leaves(pattern: str) -> bool:
    """Whether a ".." follows a wildcard: what it means would depend on what matched."""
    parts = pattern.split("/")
    last_up = max(index for index, part in enumerate(parts) if part == os.pardir)
    return any(WILDCARD.search(part) for part in parts[:last_up])


def _walk(base: str, folder: str, parts: list[str]) -> Iterator[str]:
    """Relative paths below `folder` that match `parts`, links among them."""
    head, rest = parts[0], parts[1:]
    if head == "**":
        yield from _walk_any_depth(base, folder, rest or ["*"])
    elif not WILDCARD.search(head):
        path = os.path.join(folder, head)
        if os.path.lexists(os.path.join(base, path)):
            yield from _descend(base, path, rest)
    else:
        matches = re.compile(fnmatch.translate(head)).match
        for entry in _entries(os.path.join(base, folder)):
            if matches(entry.name) and (head.startswith(".") or not entry.name.startswith(".")):
                yield from _descend(base, os.path.join(folder, entry.name), rest)


def _descend(base: str, path: str, rest: list[str]) -> Iterator[str]:
    if not rest:
        yield path
    elif os.path.isdir(os.path.join(base, path)):
        yield from _walk(base, path, rest)


def _walk_any_depth(base: str, folder: str, rest: list[str]) -> Iterator[str]:
    waiting = [folder]
    while waiting:
        here = waiting.pop()
        yield from _walk(base, here, rest)
        for entry in _entries(os.path.join(base, here)):
            if entry.is_dir(follow_symlinks=False) and not entry.name.startswith("."):
                waiting.append(os.path.join(here, entry.name))


def _entries(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError:
        return []  # gone, or not ours to read: as the shell's own globs do


_DIRECTORY = "it is a directory"


class _Base:
    """The base of a selection; the real places of its folders are looked up once each."""

    def __init__(self, base: str) -> None:
        self._base = base
        self._inside = os.path.realpath(base)
        self._real: dict[str, str] = {}

    def look_at(self, match: str) -> tuple[str | None, int]:
        """Why the file at `match` below the base cannot be saved, or None, and its size."""
        local = os.path.join(self._base, match)
        try:
            seen = os.lstat(local)
            if stat.S_ISLNK(seen.st_mode):
                real = os.path.realpath(local, strict=True)
                seen = os.stat(real)
            else:
                real = os.path.join(self._real_folder(os.path.dirname(local)), os.path.basename(local))
        except OSError as error:
            return error.strerror or str(error), 0
        return self._unusable(match, real, seen.st_mode), seen.st_size

    def _real_folder(self, folder: str) -> str:
        if folder not in self._real:
            self._real[folder] = os.path.realpath(folder, strict=True)
        return self._real[folder]

    def _unusable(self, match: str, real: str, mode: int) -> str | None:
        if real != self._inside and not real.startswith(os.path.join(self._inside, "")):
            return f"it leads outside the base path, to {real}"
        if stat.S_ISDIR(mode):
            return _DIRECTORY
        if not stat.S_ISREG(mode):
            return "it is not a regular file"
        try:
            check_path(match.replace(os.sep, "/"))
        except ValueError as error:
            return str(error)
        return None


def _refuse(local: str, reason: str) -> None:
    if reason is _DIRECTORY:
        raise IsADirectoryError(
            f"{local} is a directory; save({os.path.join(local, '**')!r}) saves what is in it"
        )
    if not os.path.lexists(local):
        return  # nothing matches: the caller says so
    raise ValueError(f"{local} cannot be saved: {reason}")
