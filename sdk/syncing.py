"""sync: send what spools still hold, of runs that were offline or could not reach the server."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from . import settings
from .errors import Error
from .spool import found, remove, sender_lock, writer_lock

SYNC_PATIENCE_S = 20.0


class Synced(NamedTuple):
    """What became of a spool: "sent" (and removed), "running" (left alone) or "pending", with the reason."""

    folder: str
    state: str
    run: str | None  # ENTITY/PROJECT/ID, where the server has it
    reason: str
    failed: list[tuple[str, str]]  # files that could not be sent, with the reasons


def sync(
    paths: Iterable[str | os.PathLike[str]] | None = None,
    *,
    url: str | None = None,
    api_key: str | None = None,
    say: Callable[[str], None] | None = None,
) -> list[Synced]:
    """Send the spools in `paths` (of runs, or folders of these; default: the usual places), oldest first.

    A spool that a living process writes or sends is left alone. A run whose process died is closed as
    crashed.
    """
    from .transport import Transport

    transport = Transport(*settings.connection(url, api_key))
    return [_send(folder, transport, say or (lambda text: None)) for folder in pending(paths)]


def pending(paths: Iterable[str | os.PathLike[str]] | None = None) -> list[str]:
    """The spools that `sync` would look at."""
    roots = [os.path.abspath(os.fspath(path)) for path in paths] if paths is not None else _usual_places()
    return [folder for root in roots for folder in found(root)]


def _usual_places() -> list[str]:
    """The place of the settings, and the one that `init(dir=".")` uses."""
    return list(dict.fromkeys([settings.spool_root(), settings.spool_root(".")]))


def _send(folder: str, transport: Any, say: Callable[[str], None]) -> Synced:
    from .keeper.delivery import Refused
    from .keeper.keeper import Keeper

    writer, sender = writer_lock(folder), sender_lock(folder)
    if not writer.take():
        return Synced(folder, "running", None, "its process still runs", [])
    writer.drop()
    if not sender.take():
        return Synced(folder, "running", None, "another process is sending it", [])

    def report(kind: str, **fields: Any) -> None:
        if kind in ("warning", "unreachable"):
            say(fields.get("text") or fields["why"])

    try:
        keeper = Keeper(folder, transport, report, lambda: False, lambda: SYNC_PATIENCE_S)
        try:
            keeper.work()
        except (Refused, Error) as error:
            return Synced(folder, "pending", None, str(error), [])
        outcome = keeper.outcome()
        failed = [(path, reason) for path, reason, _ in outcome["failed"]]
        run = outcome["run"]["path"] if outcome["run"] else None
        if outcome["complete"]:
            remove(folder)
            return Synced(folder, "sent", run, "", failed)
        reason = outcome["trouble"] or f"not all files were sent: {len(failed)} were refused"
        return Synced(folder, "pending", run, reason, failed)
    finally:
        sender.drop()
