"""runfs' SDK: a training script begins a run, logs to it, saves files into it, and finishes it.

    import sdk

    with sdk.init(project="mnist", config={"lr": 1e-3}) as run:
        run.log({"loss": 0.5})
        run.save("checkpoints/*.pt")

`sdk.Api` looks at what the server holds, and `sdk.sync` sends what could not be sent. `sdk.run`, `sdk.config`
and `sdk.summary` are those of the run that was begun last.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .artifact import Artifact
from .errors import (
    Absent,
    Conflict,
    Denied,
    Error,
    FileExists,
    ServerError,
    SettingsError,
    Unreachable,
    UsageError,
)
from .open_run import Run
from .session import finish, init, log, log_artifact, save, use_artifact

if TYPE_CHECKING:
    from .api import Api
    from .fields import Fields
    from .syncing import sync

    run: Run | None
    config: Fields
    summary: Fields

__all__ = [
    "Absent",
    "Api",
    "Artifact",
    "Conflict",
    "Denied",
    "Error",
    "FileExists",
    "Run",
    "ServerError",
    "SettingsError",
    "Unreachable",
    "UsageError",
    "config",
    "finish",
    "init",
    "log",
    "log_artifact",
    "run",
    "save",
    "summary",
    "sync",
    "use_artifact",
]


def __getattr__(name: str) -> Any:
    from . import session

    if name == "run":
        return session.current()
    if name == "config":
        return session.config()
    if name == "summary":
        return session.summary()
    if name == "Api":
        from .api import Api

        return Api
    if name == "sync":
        from .syncing import sync

        return sync
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
