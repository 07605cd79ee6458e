"""`runfs open`: a link that signs a browser of this account in, once."""

from __future__ import annotations

import argparse
import os
import webbrowser

from runfs import serving
from runfs.errors import CommandError
from runfs.folder import KEY_FILE
from runfs.settings import add_data_argument, default_data


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add which daemon, and whether to start a browser."""
    add_data_argument(parser)
    parser.add_argument(
        "--print", action="store_true", dest="only_print", help="print the link, start nothing"
    )


def run(arguments: argparse.Namespace) -> int:
    """Print the link, and open it where there is a browser. Raises CommandError."""
    import urllib3  # slow to import, and nothing else of the command wants it

    data = arguments.data or default_data(os.environ)
    found = serving.read(data)
    if found is None:
        raise CommandError(f"no daemon serves {data}; start `runfs serve`, or name another --data", 1)
    try:
        key = (data / KEY_FILE).read_text(encoding="ascii").strip()
        answer = urllib3.request(
            "POST",
            f"{found.http}/api/v1/sign-in-links",
            headers={"Authorization": f"Bearer {key}"},
            retries=False,
        )
    except (OSError, urllib3.exceptions.HTTPError) as error:
        raise CommandError(f"the daemon of {data} cannot be asked: {error}", 1) from None
    if answer.status != 201:
        raise CommandError(f"the daemon refused a link: status {answer.status}", 1)
    link = found.http + answer.json()["path"]
    print(link, flush=True)
    if not arguments.only_print:
        webbrowser.open(link)
    return 0
