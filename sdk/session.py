"""The current run of this process, and the functions of the module `sdk` that work on it."""

from __future__ import annotations

import atexit
import os
import sys
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any

from . import terminal
from .artifact import Artifact
from .conclusion import exit_code_of
from .errors import Error, UsageError
from .fields import BeforeInit, as_mapping, checked
from .open_run import Run
from .settings import Settings, resolve
from .values import encode

if TYPE_CHECKING:
    from .stored_artifact import StoredArtifact

ID_CHARACTERS = "abcdefghijklmnopqrstuvwxyz0123456789"
ID_LENGTH = 8
CONFIG_FIRST_BYTES = 512 << 10

_open: list[Run] = []  # runs that are not finished, the current one last
_exit_code = 0
_watching = False


def init(
    project: str | None = None,
    entity: str | None = None,
    name: str | None = None,
    id: str | None = None,
    config: Any = None,
    tags: Sequence[str] | None = None,
    notes: str | None = None,
    group: str | None = None,
    job_type: str | None = None,
    dir: str | os.PathLike[str] | None = None,
    resume: bool | str | None = None,
    mode: str | None = None,
    sweep: str | None = None,
    reinit: bool | str | None = None,
    **settings: Any,
) -> Run:
    """Begin a run, or resume one, and make it the current one.

    What is left out comes from the environment (RUNFS_PROJECT, ...). `resume` is "never" (an id that exists
    is refused; the default), "allow" or "must". With a run open, `reinit` is False (return it; the default),
    True (finish it first) or "create_new". Further settings: url, api_key, console, ignore_globs, quiet,
    finish_timeout, init_timeout, spool_bytes. SettingsError for a wrong one, Error if the server refuses the
    run.
    """
    arguments = {
        name: value for name, value in locals().items() if name not in ("settings", "config", "reinit")
    }
    unknown = set(settings) - {
        "url", "api_key", "console", "ignore_globs", "quiet", "finish_timeout", "init_timeout", "spool_bytes",
    }  # fmt: skip
    if unknown:
        raise TypeError(f"init() got an unexpected keyword argument {sorted(unknown)[0]!r}")
    resolved = resolve({**arguments, **settings})
    earlier = current()
    if earlier is not None and reinit in (None, False, "default", "return_previous"):
        terminal.say(f"run {earlier.path} is still open and is returned; reinit=True begins another")
        return earlier
    if earlier is not None and reinit in (True, "finish_previous"):
        earlier.finish()
    run_id = resolved.run_id or "".join(
        ID_CHARACTERS[byte % len(ID_CHARACTERS)] for byte in os.urandom(ID_LENGTH)
    )
    values = checked("config", as_mapping(config))
    run = Run(resolved, run_id, values, _begin(resolved, run_id, values))
    run.start()
    _open.append(run)
    _watch_exit()
    return run


def _begin(settings: Settings, run_id: str, config: Mapping[str, Any]) -> dict[str, Any]:
    """The body of the request that creates the run."""
    begin: dict[str, Any] = {
        "id": run_id,
        "display_name": settings.name,
        "config": _first(config),
        "tags": list(settings.tags) or None,  # none given: a resumed run keeps its own
        "notes": settings.notes,
        "group": settings.group,
        "job_type": settings.job_type,
        "sweep": settings.sweep,
        "resume": settings.resume or "never",
        "user": _user(),
        "host": _host(),
        "program": os.path.basename(sys.argv[0]) if sys.argv else "",
    }
    if settings.project and settings.entity:
        begin["project"] = f"{settings.entity}/{settings.project}"
    else:
        begin |= {"project": settings.project, "entity": settings.entity}
    return {key: value for key, value in begin.items() if value is not None}


def _first(config: Mapping[str, Any]) -> dict[str, Any]:
    """As much of a config as fits into the request that creates the run; the rest is sent after it."""
    size, first = 0, {}
    for key, value in config.items():
        size += len(encode({key: value}))
        if size > CONFIG_FIRST_BYTES:
            break
        first[key] = value
    return first


def _user() -> str:
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""


def _host() -> str:
    return os.uname().nodename if hasattr(os, "uname") else os.environ.get("COMPUTERNAME", "")


def current() -> Run | None:
    """The run that was begun last and is not finished, or None."""
    for run in reversed(_open):
        if not run._finished and run._pid == os.getpid():
            return run
    return None


def _required(call: str) -> Run:
    run = current()
    if run is None:
        raise UsageError(f"You must call sdk.init() before sdk.{call}()")
    return run


def log(data: Mapping[str, Any], step: int | None = None, commit: bool | None = None) -> None:
    """`Run.log` of the current run."""
    _required("log").log(data, step, commit)


def save(
    glob_str: str | bytes | os.PathLike[str],
    base_path: str | bytes | os.PathLike[str] | None = None,
    policy: str = "live",
    glob: bool = True,
) -> list[str]:
    """`Run.save` of the current run."""
    return _required("save").save(glob_str, base_path, policy, glob)


def log_artifact(
    artifact: Artifact | str | os.PathLike[str],
    name: str | None = None,
    type: str | None = None,
    aliases: Sequence[str] | str | None = None,
) -> Artifact:
    """`Run.log_artifact` of the current run."""
    return _required("log_artifact").log_artifact(artifact, name, type, aliases)


def use_artifact(name: str, type: str | None = None) -> StoredArtifact:
    """`Run.use_artifact` of the current run."""
    return _required("use_artifact").use_artifact(name, type)


def finish(exit_code: int | None = None, quiet: bool | None = None) -> None:
    """`Run.finish` of the current run; nothing if there is none."""
    run = current()
    if run is not None:
        run.finish(exit_code, quiet)


def config() -> Any:
    """The current run's config, or an object that refuses every use."""
    run = current()
    return run.config if run is not None else BeforeInit("config")


def summary() -> Any:
    """The current run's summary, or an object that refuses every use."""
    run = current()
    return run.summary if run is not None else BeforeInit("summary")


def _watch_exit() -> None:
    """Finish open runs when the interpreter ends, as failed if an exception or sys.exit ends it."""
    global _watching
    if _watching:
        return
    _watching = True
    shown, leave = sys.excepthook, sys.exit

    def excepthook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        _note_exit(exit_code_of(error))
        shown(kind, error, trace)

    def exit(status: Any = None, /) -> Any:
        _note_exit(exit_code_of(SystemExit(status)))
        leave(status)

    sys.excepthook = excepthook
    sys.exit = exit  # nothing else tells an atexit function of the exit code
    atexit.register(_finish_all)
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=_let_go)


def _let_go() -> None:
    for run in _open:
        run.let_go()
    _open.clear()


def _note_exit(code: int) -> None:
    global _exit_code
    _exit_code = code


def _finish_all() -> None:
    for run in reversed(_open):
        try:
            run.finish(exit_code=_exit_code)
        except Error as error:
            terminal.say(str(error))
