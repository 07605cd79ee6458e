"""sync: send what spools still hold, of runs that were offline or could not reach the server."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from . import settings
from .errors import Error, UsageError
from .spool import found, remove, sender_lock, writer_lock

SYNC_PATIENCE_S = 20.0
HOW_TO_DISCARD = "`runfs sync --discard RUN` removes what is kept of it"


class Synced(NamedTuple):
    """What became of a spool: "sent" (and removed), "running" (left alone), "pending", with the reason, or
    "deleted": the server has the run no more, and what was not sent is kept until it is discarded.
    """

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


def discard(names: Iterable[str]) -> list[str]:
    """Remove the spools of these runs (their ids, or spools' folders), unsent; the folders that went.

    UsageError when one of them names no spool, or one that a living process writes or sends: then all stay.
    """
    folders: dict[str, None] = {}
    for name in names:
        if os.path.isdir(name):
            known = pending([name])
        else:
            known = [folder for folder in pending() if _run_id(folder) == name]
        if not known:
            raise UsageError(f"{name} is neither a run that is kept here nor a folder of such runs")
        folders.update(dict.fromkeys(known))
    for folder in folders:
        if reason := _in_use(folder):
            raise UsageError(f"{folder} is in use: {reason}")
    for folder in folders:
        remove(folder)
    return list(folders)


def _run_id(folder: str) -> str | None:
    """The id of the run that a spool is of, as its first record or its ledger says."""
    from .keeper.ledger import begun

    begin = begun(folder)
    return None if begin is None else str(begin["id"])


def _in_use(folder: str) -> str | None:
    """Who has a spool, in words; None if nobody has."""
    writer, sender = writer_lock(folder), sender_lock(folder)
    if not writer.take():
        return "its process still runs"
    writer.drop()
    if not sender.take():
        return "another process is sending it"
    sender.drop()
    return None


def _send(folder: str, transport: Any, say: Callable[[str], None]) -> Synced:
    from .keeper.delivery import Gone
    from .keeper.keeper import Keeper

    if reason := _in_use(folder):
        return Synced(folder, "running", None, reason, [])
    sender = sender_lock(folder)
    if not sender.take():
        return Synced(folder, "running", None, "another process is sending it", [])

    def report(kind: str, **fields: Any) -> None:
        if kind in ("warning", "unreachable"):
            say(fields.get("text") or fields["why"])

    try:
        keeper = Keeper(folder, transport, report, lambda: False, lambda: SYNC_PATIENCE_S)
        try:
            keeper.work()
            if not keeper.outcome()["complete"]:
                keeper.check_there()
        except Gone as error:
            return Synced(folder, "deleted", _path_of(keeper), f"{error}; {HOW_TO_DISCARD}", [])
        except Error as error:
            return Synced(folder, "pending", None, str(error), [])
        outcome = keeper.outcome()
        failed = [(path, reason) for path, reason, _ in outcome["failed"]]
        if outcome["complete"]:
            remove(folder)
            return Synced(folder, "sent", _path_of(keeper), "", failed)
        reason = outcome["trouble"] or f"not all files were sent: {len(failed)} were refused"
        return Synced(folder, "pending", _path_of(keeper), reason, failed)
    finally:
        sender.drop()


def _path_of(keeper: Any) -> str | None:
    run = keeper.outcome()["run"]
    return run["path"] if run else None
