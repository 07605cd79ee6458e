"""Api: what the server holds, for scripts that look at runs after or beside their training."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from . import settings
from .errors import Absent, Error, UsageError
from .globs import select
from .stored_artifact import StoredArtifact, find
from .stored_file import StoredFile

if TYPE_CHECKING:
    from .transport import Transport

PER_PAGE = 50


class Api:
    """A connection to the server of RUNFS_URL, or of `url`; it asks nothing until it is used."""

    def __init__(self, url: str | None = None, api_key: str | None = None) -> None:
        from .transport import Transport

        self.url, key = settings.connection(url, api_key)
        self._transport = Transport(self.url, key)

    def __repr__(self) -> str:
        return f"<runfs API at {self.url}>"

    def run(self, path: str) -> StoredRun:
        """The run "ENTITY/PROJECT/ID", or "ID" where only one project that the key may read has it."""
        *project, run_id = path.strip("/").split("/")
        if len(project) not in (0, 2) or not run_id:
            raise UsageError(f"{path!r} is no path of a run: write ENTITY/PROJECT/ID, or ID alone")
        from .client import RunClient

        client = RunClient(self._transport, run_id, "/".join(project) or None)
        return StoredRun(self._transport, client.get())

    def runs(self, project: str | None = None, **filters: Any) -> Iterator[StoredRun]:
        """The runs of "ENTITY/PROJECT" (default: the default project), newest first.

        Filters: state, tag, group, sweep, text, order ("asc" or "desc").
        """
        from .client import pages
        from .transport import path

        for fields in pages(self._transport, path("runs"), {"project": project, **filters}):
            yield StoredRun(self._transport, fields)

    def artifact(self, name: str, type: str | None = None) -> StoredArtifact:
        """The version "ENTITY/PROJECT/NAME:VERSION", ":ALIAS", or "NAME:VERSION" of the default project."""
        return find(self._transport, name, None, type)

    def create_sweep(
        self,
        config: Mapping[str, Any] | None = None,
        project: str | None = None,
        method: str = "",
        name: str = "",
        id: str | None = None,
    ) -> str:
        """Make a sweep in "ENTITY/PROJECT"; its id, for `sdk.init(sweep=...)`."""
        from .transport import path
        from .values import plain

        body = {
            "config": plain(config or {}),
            "project": project,
            "method": method,
            "display_name": name,
            "id": id,
        }
        given = {key: value for key, value in body.items() if value is not None}
        return str(self._transport.call("POST", path("sweeps"), given)["id"])

    def delete_project(self, project: str) -> None:
        """Delete "ENTITY/PROJECT" with all that is in it. It takes an admin key."""
        from .transport import path

        parts = project.split("/")
        if len(parts) != 2 or not all(parts):
            raise UsageError(f"{project!r} is no project: write ENTITY/PROJECT")
        self._transport.call("DELETE", path("projects", *parts))


class StoredRun:
    """A run as the server holds it; `refresh` looks again."""

    def __init__(self, transport: Transport, fields: Mapping[str, Any]) -> None:
        from .client import RunClient

        self._transport = transport
        self._client = RunClient(transport, fields["id"], fields["project"])
        self._fields = dict(fields)

    def __repr__(self) -> str:
        return f"<runfs run {self.path}, {self.state}>"

    def __getattr__(self, name: str) -> Any:
        """Every field of a run in the API: display_name, tags, notes, group, created_at, ..."""
        if name.startswith("_") or name not in self._fields:
            raise AttributeError(f"a run has no {name!r}")
        return self._fields[name]

    @property
    def id(self) -> str:
        """Its id, which names its directory."""
        return str(self._fields["id"])

    @property
    def path(self) -> str:
        """ENTITY/PROJECT/ID."""
        return str(self._fields["path"])

    @property
    def name(self) -> str:
        """What people call it."""
        return str(self._fields["display_name"] or self.id)

    @property
    def state(self) -> str:
        """pending, running, finished, failed, crashed or killed."""
        return str(self._fields["state"])

    @property
    def config(self) -> dict[str, Any]:
        """What it was configured with."""
        return dict(self._fields["config"])

    @property
    def summary(self) -> dict[str, Any]:
        """The last values that it logged, or set itself."""
        return dict(self._fields["summary"])

    def refresh(self) -> StoredRun:
        """Ask the server again, and return itself."""
        self._fields = self._client.get()
        return self

    def update(self, **changes: Any) -> None:
        """Change display_name, notes, group, job_type, tags, config or summary (these two key by key).

        `config_remove` and `summary_remove` are lists of keys to take away.
        """
        from .values import plain

        self._client.patch(plain(changes))
        self.refresh()

    def history(self, keys: list[str] | None = None) -> Iterator[dict[str, Any]]:
        """The rows that were logged, in order; with `keys`, only these of each row that has one."""
        return self._client.history_pages(",".join(keys) if keys else None)

    def console(self) -> Iterator[str]:
        """The lines that it printed, in order."""
        return self._client.console_pages()

    def files(
        self, names: list[str] | None = None, pattern: str | None = None, per_page: int = PER_PAGE
    ) -> Iterator[StoredFile]:
        """Its files by path: all, those named, or those that the glob `pattern` matches."""
        if names is not None and pattern is not None:
            raise ValueError("give names or pattern, not both")
        if names is not None:
            return (self.file(name) for name in names)
        return (StoredFile(self._transport, fields) for fields in self._client.files(pattern, per_page))

    def file(self, name: str) -> StoredFile:
        """The file at the path `name`; Absent if there is none."""
        literal = "".join(f"[{character}]" if character in "*?[" else character for character in name)
        for fields in self._client.files(literal):
            if fields["path"] == name:
                return StoredFile(self._transport, fields)
        raise Absent(404, f"run {self.path} has no file {name!r}")

    def upload_file(self, path: str | os.PathLike[str], root: str | os.PathLike[str] = ".") -> StoredFile:
        """Send one file, and return when it is registered; its path in the run is relative to `root`."""
        from .client import Target
        from .keeper.ledger import Tracked
        from .keeper.meter import Meter
        from .keeper.subject import Unstable, Vanished
        from .keeper.transfer import Transfer

        chosen = select(path, root, literal=True).files
        if not chosen:
            raise FileNotFoundError(f"there is no file {os.fspath(path)}")
        target = Target(self._transport, "runs", self.id, project=self._fields["project"])
        try:
            Transfer(target, Meter()).send(Tracked(chosen[0].path, chosen[0].local, "now"))
        except (Unstable, Vanished) as error:
            raise Error(f"{chosen[0].local} was not saved: {error}") from error
        return self.file(chosen[0].path)

    def delete(self) -> None:
        """Delete the run with its files, history and console."""
        self._client.delete()
