"""The first page: the projects that the key may read."""

from __future__ import annotations

from aiohttp import web

from httpapi.page import shell
from httpapi.page.place import ProjectPlace
from httpapi.state import KEY, STATE
from store.catalog import run_listing

SHOWN = 500


@shell.signed_in
async def show(request: web.Request) -> web.Response:
    """All projects, the one that changed last first."""
    db = request.app[STATE].catalog.read
    rows = await run_listing.projects(db, request[KEY].project_id, 0, SHOWN)
    rows.sort(key=lambda row: max(row.project.changed_ns, row.project.runs_changed_ns), reverse=True)
    shown = [(ProjectPlace(row.entity, row.project), row) for row in rows]
    return shell.render(request, "projects.html", [("Projects", "/")], projects=shown)
