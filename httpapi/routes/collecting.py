"""Collecting at once what the server would collect in its own time: `runfs gc` asks for it."""

from aiohttp import web

from httpapi import audit
from httpapi.auth import allows
from httpapi.models.collecting import Collected, Collecting
from httpapi.operations import Operations
from httpapi.problems import Problem
from httpapi.reach import key_of
from httpapi.state import STATE

operations = Operations("server")


@operations.add("POST", "/collect", access="admin", answers={200: Collected})
async def collect(request: web.Request, body: Collecting) -> Collected:
    """Collect what nobody needs any more (admin keys for all projects); answers when it is done.

    Files and uploads that are under way are safe, also with `now`.
    """
    if not allows(key_of(request), "admin", None):
        raise Problem("forbidden", "Only an admin key for all projects may collect.")
    # One daemon at a time takes files for a catalog, and that is this one.
    counts = await request.app[STATE].uploads.collect(body.now, alone=True)
    audit.record(request, "collect", now=body.now, blobs=counts.blobs, orphans=counts.orphans)
    return Collected.of(counts)
