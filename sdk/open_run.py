"""A run, as the training script holds it: it logs, saves and finishes, without waiting for the network.

Everything goes into the spool with one write to disk; the keeper sends it. Only `init` waits, a little, for
the server's first answer, and `finish` for the last.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from . import terminal
from .artifact import Artifact, default_name, of_path
from .conclusion import conclude, exit_code_of
from .console import Capture
from .description import Description
from .errors import Error, UsageError
from .fields import Fields, checked
from .globs import select
from .history import History
from .link import Link
from .settings import Settings
from .spool import Spool, remove

if TYPE_CHECKING:
    from .stored_artifact import StoredArtifact

POLICIES = ("live", "end", "now")
SAVE_EVENT_FILES = 1000  # of one record


class Run(Description):
    """One run, made by `sdk.init`; as a context manager it finishes as failed if an exception leaves."""

    def __init__(
        self, settings: Settings, run_id: str, config: Mapping[str, Any], begin: Mapping[str, Any]
    ) -> None:
        self._settings = settings
        self._begin = dict(begin)
        self._history = History(self._keep_row, terminal.say)
        self._pid = os.getpid()
        self._finished = False
        self._spool: Spool | None = None
        self._link: Link | None = None
        self._capture: Capture | None = None
        self._artifacts = 0
        self.id = run_id
        self.mode = settings.mode
        self.entity = settings.entity
        self.project = settings.project
        self.describe(begin)
        self.sweep_id = settings.sweep
        self.resumed = False
        vars(self)["config"] = Fields(partial(self._tell, "config"), config)
        vars(self)["summary"] = Fields(partial(self._tell, "summary"))

    def start(self) -> None:
        """Begin to spool, and to send if the mode is online; used by `init`. Error if the server refuses."""
        if self.mode == "disabled":
            return
        self._spool = Spool(self._settings.root, self.id, self._settings.spool_max_bytes)
        self._spool.event("run", run=self._begin, url=self._settings.url)
        rest = {key: self.config[key] for key in self.config if key not in self._begin["config"]}
        self._tell("config", rest, [])
        if self.mode == "online":
            self._start_sending(self._spool)
        if self._settings.console == "wrap":
            self._capture = Capture(self._keep_output)
            self._capture.start()
        self._announce()

    def _start_sending(self, spool: Spool) -> None:
        settings = self._settings
        link = Link(spool.folder, settings.url, settings.key, settings.finish_patience_s, terminal.say)
        try:
            link.start()
        except Error as error:
            terminal.say(f"{error}; the run is kept in {spool.folder} for `runfs sync`")
            return
        self._link = link
        link.wait_begun(settings.init_patience_s)
        if link.refused:
            spool.close()
            link.close()
            remove(spool.folder)
            raise Error(f"the server refuses this run: {link.refused}")
        if link.run:
            self._adopt(link.run)
        elif link.unreachable:
            terminal.say(
                f"{link.unreachable}; the run goes on, and what it logs is kept on disk until it does"
            )
        else:
            terminal.say(
                f"{settings.url} has not answered yet; the run goes on, and what it logs is kept on disk"
            )

    def _adopt(self, run: Mapping[str, Any]) -> None:
        """Take over what the server says of the run: names, and what an earlier process of it left."""
        self.entity, self.project = run["project"].split("/", 1)
        self.describe(run)
        self.resumed = run["history_lines"] > 0
        self.config.follow({**run["config"], **self.config})
        self.summary.follow(run["summary"])
        step = run["summary"].get("_step")
        if isinstance(step, int):
            self._history.step = step + 1

    def _announce(self) -> None:
        if self._settings.quiet:
            return
        if self.mode == "offline":
            assert self._spool is not None
            terminal.say(f"run {self.id} is kept in {self._spool.folder}; `runfs sync` sends it")
        elif self._link is not None and self._link.run:
            terminal.say(f"run {self.path} {'goes on' if self.resumed else 'is kept'} at {self.url}")

    def __enter__(self) -> Run:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.finish(exit_code=exit_code_of(error))

    def let_go(self) -> None:
        """In a forked child: the run stays with the parent, and its pipes and locks too."""
        if self._capture is not None:
            self._capture.let_go()
        if self._spool is not None:
            self._spool.let_go()
        if self._link is not None:
            self._link.let_go()

    def _check(self, call: str) -> None:
        if self._finished:
            raise UsageError(f"Run ({self.id}) is finished. The call to `{call}` is not possible any more.")
        if os.getpid() != self._pid:
            raise UsageError(
                f"run {self.id} belongs to process {self._pid}: call `{call}` there, or init a run here"
            )

    @property
    def path(self) -> str:
        """ENTITY/PROJECT/ID as far as they are known: what `sdk.Api().run` takes."""
        return "/".join(part for part in (self.entity, self.project, self.id) if part)

    @property
    def step(self) -> int:
        """The step that the next `log` without one writes."""
        return self._history.step

    @property
    def dir(self) -> str | None:
        """The spool's folder; None for a disabled run."""
        return self._spool.folder if self._spool else None

    @property
    def url(self) -> str | None:
        """The address of the run's page, for a browser; None while there is no server."""
        project, _, run_id = quote(self.path).rpartition("/")
        return f"{self._settings.url}/projects/{project}/runs/{run_id}" if self.mode == "online" else None

    def __repr__(self) -> str:
        return f"<runfs run {self.path}, {self.mode}{', finished' if self._finished else ''}>"

    def _repr_html_(self) -> str:
        import html

        path, url = html.escape(self.path), self.url
        if url is None:
            return f"run {path} ({html.escape(self.mode)})"
        return f'run <a href="{html.escape(url)}">{path}</a>'

    def log(self, data: Mapping[str, Any], step: int | None = None, commit: bool | None = None) -> None:
        """Add values to the history's current row; the row is written when it is committed.

        Without `step` that is at once, unless `commit` is False. With `step` it is when a later step is
        logged. A step below the current one is ignored with a warning. NaN and infinities are kept as the
        texts "NaN", "Infinity" and "-Infinity".
        """
        self._check("log")
        if not isinstance(data, Mapping):
            raise TypeError(f"log takes a dictionary, not {type(data).__name__}")
        self._history.log(data, None if step is None else int(step), commit)

    def _keep_row(self, row: dict[str, Any], line: bytes) -> None:
        self.summary.follow(row)
        if self._spool is not None:
            self._spool.history(line)
            if self._spool.trouble is not None:
                self._complain()

    def _complain(self) -> None:
        if self._spool is not None and (complaint := self._spool.complaint()):
            terminal.say(complaint)

    def _keep_output(self, line: str) -> None:
        if self._spool is not None and not self._finished and os.getpid() == self._pid:
            self._spool.console(line.encode("utf-8", "replace"))

    def tell(self, call: str, field: str, value: Any) -> None:
        """Have the server change a field that describes the run; used by the attributes."""
        self._check(call)
        if self._spool is not None:
            self._spool.event("update", **{field: value})

    def _tell(self, what: str, changes: dict[str, Any], gone: list[str]) -> None:
        self._check(f"{what}.update")
        made_plain = checked(what, changes)
        if self._spool is not None and (changes or gone):
            self._spool.event("update", **{what: made_plain, f"{what}_remove": gone})

    def save(
        self,
        glob_str: str | bytes | os.PathLike[str],
        base_path: str | bytes | os.PathLike[str] | None = None,
        policy: str = "live",
        glob: bool = True,
    ) -> list[str]:
        """Save the files that a glob names; their absolute paths, an empty list where it names none.

        A file's path in the run is relative to `base_path` (default: the working directory). Policy "live"
        sends it now and whenever it changes, "now" once, "end" when the run ends, however it ends. The files
        are read where they are; ValueError for a glob that leaves its base, or for an unknown policy.
        """
        self._check("save")
        if policy not in POLICIES:
            raise ValueError('Only "live", "end" and "now" policies are currently supported.')
        chosen = select(glob_str, base_path, self._settings.ignore, literal=not glob)
        for warning in chosen.warnings:
            terminal.say(warning)
        if not chosen.files:
            terminal.say(f"nothing matches {os.fsdecode(glob_str)!r}: no file is saved")
        if self._spool is not None:
            self._spool.files += len(chosen.files)
            for start in range(0, len(chosen.files), SAVE_EVENT_FILES):
                files = [list(file) for file in chosen.files[start : start + SAVE_EVENT_FILES]]
                self._spool.event("save", files=files, policy=policy)
            self._complain()
        return [file.local for file in chosen.files]

    def log_artifact(
        self,
        artifact: Artifact | str | os.PathLike[str],
        name: str | None = None,
        type: str | None = None,
        aliases: Sequence[str] | str | None = None,
    ) -> Artifact:
        """Make a version of an artifact, or of the files of a path (a file, or a folder with all in it).

        It is sent while the run goes on; `Artifact.wait` waits for it. "latest" always points at the newest.
        """
        self._check("log_artifact")
        if not isinstance(artifact, Artifact):
            artifact = of_path(artifact, name or default_name(self.id, artifact), type)
        number, self._artifacts = self._artifacts, self._artifacts + 1
        if self._spool is not None:
            self._spool.event("artifact", number=number, **artifact.as_event(aliases))
        link = self._link
        artifact.logged(lambda timeout_s: link.wait_artifact(number, timeout_s) if link else None)
        return artifact

    def use_artifact(self, name: str, type: str | None = None) -> StoredArtifact:
        """The artifact "NAME:VERSION", "NAME:ALIAS" or "NAME" (latest) of this project, noted as used."""
        self._check("use_artifact")
        if self.mode != "online":
            raise UsageError(f"a run that is {self.mode} asks no server: take sdk.Api().artifact({name!r})")
        from .stored_artifact import find
        from .transport import Transport, path

        transport = Transport(self._settings.url, self._settings.key)
        project = f"{self.entity}/{self.project}" if self.entity and self.project else None
        found = find(transport, name, project, type)
        if self._link is not None and self._link.run and found.project == project:
            transport.call("POST", path("artifacts", found.id, "use"), {"run": self.id})
        return found

    def finish(self, exit_code: int | None = None, quiet: bool | None = None) -> None:
        """End the run, and wait until everything is sent or the server has been silent for too long.

        Says what could not be sent, and where it is kept. `exit_code` other than 0 marks the run as failed,
        130 (an interrupt) as killed. A second call does nothing.
        """
        if self._finished or os.getpid() != self._pid:
            return
        self._history.flush()
        if self._capture is not None:
            self._capture.stop()
        self._finished = True
        if self._spool is None:
            return
        state = "finished" if not exit_code else "killed" if exit_code == 130 else "failed"
        self._spool.event("finish", exit_code=exit_code or 0, state=state)
        conclude(self._spool, self._link, self._settings.quiet if quiet is None else quiet)
