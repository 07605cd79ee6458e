"""Whether the process lives, whether it can serve, what it counts, and what its API is."""

import asyncio
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from httpapi.models.health import Health
from httpapi.operations import Operations
from httpapi.problems import Problem
from httpapi.state import STATE

READY_TIMEOUT_S = 5.0
# Gives the document as it is sent.
DocumentSource = Callable[[], bytes]
DOCUMENT: web.AppKey[DocumentSource] = web.AppKey("openapi document")

operations = Operations("server")


def own_version() -> str:
    """The version of the installed distribution; "0" when running from a bare checkout."""
    try:
        return version("runfs")
    except PackageNotFoundError:
        return "0"


@operations.add("GET", "/healthz", access=None, answers={200: Health}, bare=True)
async def healthz(request: web.Request) -> Health:
    """Say that the process lives."""
    return Health(status="ok")


@operations.add("GET", "/readyz", access=None, answers={200: Health}, bare=True)
async def readyz(request: web.Request) -> Health:
    """Say whether catalog, blobs and NFS answer; 503 while one does not."""
    state = request.app[STATE]
    try:
        async with asyncio.timeout(READY_TIMEOUT_S):
            await state.catalog.read.one("SELECT 1")
            await state.blobs.check()
            await state.settings.ready()
    except Exception as error:
        reason = str(error) or type(error).__name__
        raise Problem("unavailable", f"Not ready: {reason}.", {"Retry-After": "1"}) from error
    return Health(status="ok")


@operations.add("GET", "/metrics", access="read", answers={200: "text/plain"}, bare=True)
async def metrics(request: web.Request) -> web.Response:
    """Give the counters in Prometheus' text form."""
    body = generate_latest(request.app[STATE].settings.registry)
    return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST})


@operations.add("GET", "/openapi.json", access="read", answers={200: "application/json"})
async def openapi(request: web.Request) -> web.Response:
    """Give this document."""
    return web.Response(body=request.app[DOCUMENT](), content_type="application/json")
