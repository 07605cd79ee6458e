"""The command `runfs`: runs one subcommand, and turns what went wrong into one line and an exit status."""

from __future__ import annotations

import argparse
import gc
import importlib
import io
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NoReturn

from runfs.errors import CommandError

DESCRIPTION = "A home for the files of machine-learning runs, read as a plain NFS folder."

# Name: the module that has `add_arguments(parser)` and `run(arguments) -> status`, and its line in --help.
# Only the module of the command that is run gets imported, so that each starts as fast as it can.
COMMANDS = {
    "serve": ("runfs.serve", "serve runs over NFS and HTTP until told to stop"),
    "ls": ("runfs.ls", "list a folder of the served tree, over NFS"),
    "cat": ("runfs.cat", "write a file of the served tree to standard output, over NFS"),
    "mount": ("runfs.mounting", "mount the served tree, in the form that works here"),
    "umount": ("runfs.mounting", "take a mount away"),
    "doctor": ("runfs.doctor", "find what stands between this machine and a mount"),
    "open": ("runfs.open", "open the pages in a browser, signed in"),
    "sync": ("runfs.sync", "send what the SDK kept while the server could not be reached"),
    "gc": ("runfs.gc", "remove what is not needed any more"),
    "backup": ("runfs.backup", "copy all of it while it is served, or bring such a copy up to date"),
    "fsck": ("runfs.fsck", "check the catalog against the bytes"),
    "key": ("runfs.key", "make, list and revoke API keys"),
}


class Parser(argparse.ArgumentParser):
    """An argument parser whose complaints are one line."""

    def error(self, message: str) -> NoReturn:
        """Print what is wrong and where help is, and exit with status 2."""
        self.exit(2, f"{self.prog}: {message} (see {self.prog} --help)\n")


class Version(argparse.Action):
    """Print the version that is installed, and be done."""

    def __call__(self, parser: argparse.ArgumentParser, *rest: object) -> NoReturn:
        health = importlib.import_module("httpapi.routes.health")  # what the API's document says, too
        print(f"runfs {health.own_version()}")
        parser.exit()


def parser(argv: Sequence[str]) -> Parser:
    """The command line's grammar, complete for the subcommand that `argv` names."""
    top = Parser(prog="runfs", description=DESCRIPTION)
    top.add_argument("--version", action=Version, nargs=0, help="show which version this is, and exit")
    commands = top.add_subparsers(metavar="COMMAND", dest="command", required=True)
    for name, (module, text) in COMMANDS.items():
        sub = commands.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")
        if name in argv[:1]:
            importlib.import_module(module).add_arguments(sub)
    return top


@contextmanager
def _no_collections() -> Iterator[None]:
    """Inside the block nobody looks for garbage: imports leave none, and to look took 5 % of the start."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line and give its status: 0 well, 1 an answer that is no, 2 a mistake to mend."""
    if isinstance(sys.stdout, io.TextIOWrapper):  # a terminal that lacks a character is shown its number
        sys.stdout.reconfigure(errors="backslashreplace")
    given = sys.argv[1:] if argv is None else argv
    with _no_collections():
        arguments = parser(given).parse_args(given)
    try:
        return int(importlib.import_module(COMMANDS[arguments.command][0]).run(arguments))
    except CommandError as error:
        print(f"runfs {arguments.command}: {error}", file=sys.stderr)
        return error.status
    except BrokenPipeError:  # the reader of our output has gone, as `head` goes
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
