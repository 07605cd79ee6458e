"""The end of a run in its own process: wait for the keeper, show how far it is, say what is left."""

from __future__ import annotations

from typing import Any

from . import terminal
from .errors import Error
from .link import Link
from .spool import Spool

DRAW_S = 0.3
NAMES_SHOWN = 5
KEEPERS = 3  # that may die before their last report, each followed by another


def exit_code_of(error: BaseException | None) -> int:
    """The exit code of a process that `error` ends, as the interpreter gives it."""
    if error is None:
        return 0
    if isinstance(error, KeyboardInterrupt):
        return 130
    if isinstance(error, SystemExit):
        code = error.code
        return code if isinstance(code, int) else 0 if code is None else 1
    return 1


def conclude(spool: Spool, link: Link | None, quiet: bool) -> None:
    """Close the spool and wait until the keeper has sent it, or has given up; a failure is always said."""
    if not spool.flush():
        terminal.say(f"{spool.folder} cannot be written ({spool.trouble}): {spool.held} records are lost")
    if spool.dropped:
        terminal.say(f"{terminal.count(spool.dropped, 'logged line')} were lost while the disk was full")
    spool.close()
    if link is None:
        if not quiet:
            terminal.say(f"kept in {spool.folder}; `runfs sync` sends it")
        return
    try:
        for _ in range(KEEPERS):
            link.finish()
            _wait(link)
            if link.outcome or link.refused:
                break
    except Error as error:
        terminal.say(str(error))
    except KeyboardInterrupt:
        terminal.say(f"not waiting any more; sending goes on in the background, from {spool.folder}")
        link.close()
        return
    link.close()
    _say_outcome(link, spool, quiet)


def _wait(link: Link) -> None:
    progress = terminal.Progress()
    try:
        while not link.wait_done(DRAW_S):
            state = link.progress
            pending = state.get("files_pending", [])
            if pending:
                text = f"{terminal.count(len(pending), 'file')} left"
                progress.show(state["bytes_taken"], state["bytes_taken"] + state["bytes_pending"], text)
    finally:
        progress.close()


def _say_outcome(link: Link, spool: Spool, quiet: bool) -> None:
    outcome, folder = link.outcome, spool.folder
    if link.refused:
        terminal.say(f"the server refuses this run ({link.refused}); it is kept in {folder}")
    elif outcome is None:
        terminal.say(
            f"sending stopped before its end; the rest is kept in {folder}, and `runfs sync` sends it"
        )
    else:
        for path, reason, _ in outcome["failed"][:NAMES_SHOWN]:
            terminal.say(f"NOT SAVED: {path}: {reason}")
        if len(outcome["failed"]) > NAMES_SHOWN:
            terminal.say(f"NOT SAVED: {len(outcome['failed']) - NAMES_SHOWN} more")
        if not outcome["complete"]:
            terminal.say(f"{_pending(outcome, spool)} in {folder}; `runfs sync` sends it")
        elif not quiet:
            sent = terminal.count(outcome["files_sent"], "file")
            terminal.say(f"run {outcome['run']['path']} is complete: {sent} saved")


def _pending(outcome: dict[str, Any], spool: Spool) -> str:
    files = outcome["files_pending"]
    reason = f" ({outcome['trouble']})" if outcome.get("trouble") else ""
    if outcome["run"] is None:
        rows, saved = terminal.count(spool.rows, "row"), terminal.count(spool.files, "file")
        what = f"the whole run ({rows}, {saved} saved)"
    elif files:
        names = ", ".join(files[:NAMES_SHOWN]) + (", ..." if len(files) > NAMES_SHOWN else "")
        what = f"{terminal.count(len(files), 'file')} ({names})"
    else:
        what = terminal.count(len(outcome["failed"]), "file") if outcome["closed"] else "the last of the run"
    return f"still pending{reason}: {what}, kept"
