"""`runfs serve`: bind the ports, take the data folder, give up root, run the daemon until told to stop."""

from __future__ import annotations

import argparse
import asyncio
import errno
import importlib
import logging
import os
import resource
import signal
import socket
from collections.abc import Callable
from importlib.util import find_spec

from runfs import account, audit, folder, logs, nfs_side, portmapper, ports, settings
from runfs.daemon import Sockets, running
from runfs.errors import CommandError
from runfs.settings import Settings
from store.errors import StoreError

log = logging.getLogger(__name__)

STOPPING_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags of `runfs serve`."""
    settings.add_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Serve until a signal says stop. Raises CommandError for whatever keeps it from starting."""
    wanted = settings.from_arguments(arguments, os.environ)
    open_many_files()
    sockets = bind(wanted)
    owner = account.chosen(wanted.user, wanted.data, os.environ)
    folder.make(wanted.data, owner)
    if owner is not None:
        account.become(owner)
    lock = folder.lock(wanted.data)
    audit.start(wanted.audit)
    logs.start(wanted.verbose)
    try:
        _loop(wanted, sockets)
    except StoreError as error:
        raise CommandError(str(error)) from None
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise CommandError(f"the disk that holds {wanted.data} is full; free some space") from None
    finally:
        os.close(lock)
    return 0


def open_many_files() -> None:
    """Take as many open files as the system grants: each client is one, and so is each blob that is read."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def bind(wanted: Settings) -> Sockets:
    """Bind everything that the settings name. Raises CommandError."""
    return Sockets(
        ports.bind(wanted.http, socket.SOCK_STREAM, "--http"),
        nfs_side.Sockets(
            ports.bind(wanted.nfs, socket.SOCK_STREAM, "--nfs"),
            ports.bind(wanted.nfs, socket.SOCK_DGRAM, "--nfs"),
            ports.bind_reserved(wanted.nfs.host, "--nfs"),
            portmapper.bind(wanted),
        ),
    )


async def serve(wanted: Settings, sockets: Sockets) -> None:
    """Run the daemon until one of STOPPING_SIGNALS; a second one ends it without waiting for anybody."""
    told = asyncio.Event()

    def stop() -> None:
        if told.is_set():
            os._exit(1)
        told.set()

    loop = asyncio.get_running_loop()
    for number in STOPPING_SIGNALS:
        loop.add_signal_handler(number, stop)
    async with running(wanted, sockets) as serving:
        log.info("serving", extra={"http": serving.http, "nfs": serving.nfs, "data": str(wanted.data)})
        await told.wait()
    log.info("stopped")


def _loop(wanted: Settings, sockets: Sockets) -> None:
    """On uvloop where it is installed: a quarter less time a call."""
    factory: Callable[[], asyncio.AbstractEventLoop] | None = None
    if find_spec("uvloop"):
        factory = importlib.import_module("uvloop").new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(serve(wanted, sockets))
