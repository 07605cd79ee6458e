"""`runfs open`: a link that signs a browser of this account in, once."""

from __future__ import annotations

import argparse
import os
import webbrowser

from runfs import asking, serving
from runfs.errors import CommandError
from runfs.settings import add_data_argument, default_data


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add which daemon, and whether to start a browser."""
    add_data_argument(parser)
    parser.add_argument(
        "--print", action="store_true", dest="only_print", help="print the link, start nothing"
    )


def run(arguments: argparse.Namespace) -> int:
    """Print the link, and open it where there is a browser. Raises CommandError."""
    data = arguments.data or default_data(os.environ)
    daemon = serving.read(data)
    if daemon is None:
        raise CommandError(f"no daemon serves {data}; start `runfs serve`, or name another --data", 1)
    link = daemon.http + asking.post(data, daemon, "/sign-in-links")["path"]
    print(link, flush=True)
    if not arguments.only_print:
        webbrowser.open(link)
    return 0
