"""A run on the real server, and the parts of a keeper that work for it."""

from __future__ import annotations

import os

import pytest

from sdk.api import Api, StoredRun
from sdk.client import Target, create_run
from sdk.transport import Transport

from ..conftest import Server


@pytest.fixture
def transport(server: Server) -> Transport:
    """Connections to the server."""
    return Transport(server.url, server.key)


@pytest.fixture
def target(transport: Transport) -> Target:
    """Where the files of the run "r1" go."""
    run = create_run(transport, {"id": "r1", "project": os.environ["RUNFS_PROJECT"], "resume": "never"})
    return Target(transport, "runs", "r1", project=run["project"])


@pytest.fixture
def stored(target: Target) -> StoredRun:
    """The run as the server holds it."""
    return Api().run(f"{os.environ['RUNFS_PROJECT']}/r1")
