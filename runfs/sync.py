"""`runfs sync`: sends what the SDK kept because the server could not be reached, or the run was offline.

What nobody wants to send any more, of a run that was deleted for instance, goes with --discard.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from runfs.errors import CommandError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add which spools and which server."""
    parser.add_argument(
        "path", metavar="PATH", nargs="*", help="a run's spool or a folder of them; the usual ones"
    )
    parser.add_argument("--url", help="the server; RUNFS_URL")
    parser.add_argument(
        "--discard",
        metavar="RUN",
        action="append",
        default=[],
        help="send nothing, and remove what is kept of a run (its id, or its spool); may be given again",
    )


def run(arguments: argparse.Namespace) -> int:
    """Send or discard, with a line for each run; 1 if anything is still to be sent. Raises CommandError."""
    import sdk  # the training side: nothing else of the command wants it
    from sdk.syncing import discard

    try:
        if arguments.discard:
            for folder in discard(arguments.discard):
                print(f"discarded  {folder}")
            return 0
        for path in arguments.path:
            if not Path(path).exists():
                raise CommandError(f"there is no {path}; give a run's spool or a folder of them")
        results = sdk.sync(arguments.path or None, url=arguments.url)
    except sdk.Error as error:
        raise CommandError(str(error), 1) from None
    for done in results:
        reason = f": {done.reason}" if done.reason else ""
        print(f"{done.state}  {done.run or done.folder}{reason}")
        for path, why in done.failed:
            print(f"    {path} was not sent: {why}")
    if not results:
        print("nothing to send")
    return 1 if any(done.state in ("pending", "deleted") or done.failed for done in results) else 0
