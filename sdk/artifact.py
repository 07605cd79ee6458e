"""An artifact to be: files under a name and a type, which become a version when a run logs them."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .bounds import ALIASES_MAX, TEXT_MAX_CHARS, check_length
from .errors import Error, UsageError
from .globs import Chosen, select
from .names import check_component, check_path
from .values import plain

DEFAULT_TYPE = "unspecified"


class Artifact:
    """Files of this machine, each with its path in the artifact; they are read when they are sent."""

    def __init__(
        self,
        name: str,
        type: str = DEFAULT_TYPE,
        description: str | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        check_component(name)
        if ":" in name:
            raise ValueError(
                f"{name!r} has a colon, which stands before a version: give aliases to log_artifact"
            )
        check_component(type)
        check_length(description or "", TEXT_MAX_CHARS)
        self.name = name
        self.type = type
        self.description = description or ""
        self.metadata = dict(metadata or {})
        self._files: dict[str, Chosen] = {}
        self._wait: Callable[[float | None], dict[str, Any] | None] | None = None
        self._outcome: dict[str, Any] | None = None

    def __repr__(self) -> str:
        version = f":{self.version}" if self._outcome else ""
        return f"<runfs artifact {self.name}{version}, {self.type}, {len(self._files)} files>"

    @property
    def files(self) -> list[str]:
        """The paths in it, in order."""
        return sorted(self._files)

    def add_file(self, local_path: str | os.PathLike[str], name: str | None = None) -> None:
        """Add one file, as `name` (default: its own). FileNotFoundError, ValueError for what is no file."""
        local = os.path.abspath(os.fspath(local_path))
        chosen = select(local, os.path.dirname(local), literal=True).files
        if not chosen:
            raise FileNotFoundError(f"there is no file {local}")
        self._add(chosen[0], name or chosen[0].path)

    def add_dir(self, local_path: str | os.PathLike[str], name: str | None = None) -> None:
        """Add all files below a folder, with their relative paths, below `name` (default: at the top)."""
        local = os.path.abspath(os.fspath(local_path))
        if not os.path.isdir(local):
            raise NotADirectoryError(f"{local} is not a folder")
        for chosen in select(os.path.join(local, "**"), local).files:
            self._add(chosen, f"{name}/{chosen.path}" if name else chosen.path)

    def _add(self, chosen: Chosen, path: str) -> None:
        if self._wait is not None:
            raise UsageError(f"artifact {self.name} is logged already: make a new one for other files")
        check_path(path)
        self._files[path] = chosen._replace(path=path)

    def as_event(self, aliases: Sequence[str] | str | None = None) -> dict[str, Any]:
        """What the spool keeps of it, to be known by `aliases`; ValueError for one that cannot be."""
        names = [aliases] if isinstance(aliases, str) else list(aliases or ())
        for name in names:
            check_component(name)
            if re.fullmatch(r"v[0-9]+", name):
                raise ValueError(f"the alias {name} would hide a version: the server gives these numbers")
        if len(names) > ALIASES_MAX:
            raise ValueError(f"{len(names)} aliases are given; {ALIASES_MAX} are allowed")
        files = [[path, self._files[path].local, self._files[path].size] for path in self.files]
        return {
            "name": self.name,
            "type": self.type,
            "aliases": names,
            "description": self.description,
            "metadata": plain(self.metadata),
            "files": files,
        }

    def logged(self, wait: Callable[[float | None], dict[str, Any] | None]) -> None:
        """A run has logged it; `wait` gives what became of it. Used by `Run.log_artifact`."""
        self._wait = wait

    def wait(self, timeout_s: float | None = None) -> Artifact:
        """Wait until it is a version on the server; Error if that fails, or does not happen in time."""
        if self._outcome is None:
            if self._wait is None:
                raise UsageError(
                    f"artifact {self.name} is not logged yet: call run.log_artifact(artifact) first"
                )
            outcome = self._wait(timeout_s)
            if outcome is None:
                raise Error(f"artifact {self.name} is not on the server yet; the spool keeps what is needed")
            if outcome.get("failed"):
                raise Error(f"artifact {self.name} was not saved: {outcome['failed']}")
            self._outcome = outcome
        return self

    @property
    def version(self) -> str:
        """Its version, as "v3"; waits for it."""
        self.wait()
        assert self._outcome is not None
        return str(self._outcome["version"])


def base_name(path: str | os.PathLike[str]) -> str:
    """The last component of a path, whatever it ends with."""
    return os.path.basename(os.path.abspath(os.fspath(path)))


def default_name(run_id: str, path: str | os.PathLike[str]) -> str:
    """What an artifact of a path is called that a run logs without a name."""
    return f"run-{run_id}-{base_name(path)}".replace(":", "-")


def of_path(path: str | os.PathLike[str], name: str, type: str | None) -> Artifact:
    """An artifact of one file, or of a folder with all in it."""
    made = Artifact(name, type or DEFAULT_TYPE)
    if os.path.isdir(path):
        made.add_dir(path)
    else:
        made.add_file(path)
    return made
