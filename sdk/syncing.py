"""sync: send what spools still hold, of runs that were offline or could not reach the server."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from . import settings
from .errors import Error, UsageError
from .records import segments
from .spool import Lock, found, remove, sender_lock, writer_lock

SYNC_PATIENCE_S = 20.0
HOW_TO_DISCARD = "`runfs sync --discard RUN` removes what is kept of it"


class _InUse(Exception):
    """Who has the spool, in words."""


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

    A spool that is written or sent, also by a thread of this process, is left alone. A run whose process
    died is closed as crashed.
    """
    from .transport import Transport

    transport = Transport(*settings.connection(url, api_key))
    results = []
    for folder in pending(paths):
        try:
            sender = _take(folder)
        except _InUse as error:
            results.append(Synced(folder, "running", None, str(error), []))
        except FileNotFoundError:
            continue
        else:
            results.append(_send(folder, sender, transport, say or (lambda text: None)))
    return results


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
    with contextlib.ExitStack() as taken:
        for folder in folders:
            try:
                taken.callback(_take(folder).drop)
            except _InUse as error:
                raise UsageError(f"{folder} is in use: {error}") from None
            except FileNotFoundError:
                continue
        for folder in folders:
            remove(folder)
    return list(folders)


def _run_id(folder: str) -> str | None:
    """The id of the run that a spool is of, as its first record or its ledger says."""
    from .keeper.ledger import begun

    begin = begun(folder)
    return None if begin is None else str(begin["id"])


def _take(folder: str) -> Lock:
    """The lock of a spool's sender, taken.

    _InUse if somebody writes or sends it, FileNotFoundError if somebody has sent or discarded it just now.
    """
    writer, sender = writer_lock(folder), sender_lock(folder)
    if not writer.take():
        raise _InUse("its process still runs")
    writer.drop()
    if not sender.take():
        raise _InUse("it is being sent")
    if not segments(folder):
        remove(folder)
        sender.drop()
        raise FileNotFoundError(folder)
    return sender


def _send(folder: str, sender: Lock, transport: Any, say: Callable[[str], None]) -> Synced:
    """Send a spool whose sender's lock was taken; it is dropped when nothing is under way any more."""
    from .keeper.delivery import Gone
    from .keeper.keeper import Keeper

    def report(kind: str, **fields: Any) -> None:
        if kind in ("warning", "unreachable"):
            say(fields.get("text") or fields["why"])

    try:
        keeper = Keeper(folder, transport, report, lambda: False, lambda: SYNC_PATIENCE_S)
    except BaseException:
        sender.drop()
        raise
    try:
        keeper.work()
        if not keeper.outcome()["complete"]:
            keeper.check_there()
        outcome = keeper.outcome()
        failed = [(path, reason) for path, reason, _ in outcome["failed"]]
        if outcome["complete"]:
            remove(folder)
            return Synced(folder, "sent", _path_of(keeper), "", failed)
        reason = outcome["trouble"] or f"not all files were sent: {len(failed)} were refused"
        return Synced(folder, "pending", _path_of(keeper), reason, failed)
    except Gone as error:
        return Synced(folder, "deleted", _path_of(keeper), f"{error}; {HOW_TO_DISCARD}", [])
    except Error as error:
        return Synced(folder, "pending", None, str(error), [])
    finally:
        keeper.when_left(sender.drop)  # a request that hangs could bring an older content after a newer one


def _path_of(keeper: Any) -> str | None:
    run = keeper.outcome()["run"]
    return run["path"] if run else None
