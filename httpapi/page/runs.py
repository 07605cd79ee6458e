"""A project's runs: a table that is searched, sorted, filtered and paged, and that updates itself."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from urllib.parse import urlencode

from aiohttp import web

from httpapi.page import columns, shell
from httpapi.page.place import project_of
from httpapi.reach import database
from httpapi.state import STATE
from store.catalog import run_listing, run_sorting, sweeps
from store.catalog.rows import Run
from store.catalog.run_listing import RunFilter

PAGE_SIZES = (25, 50, 100, 200)
STATES = ("pending", "running", "finished", "failed", "crashed", "killed")
COOKIE_DAYS = 365
SHOWN_TAGS = 6  # of one run, in the table


@shell.signed_in
async def show(request: web.Request) -> web.Response:
    """The table, or with the script's header the table alone."""
    project = await project_of(request)
    db = request.app[STATE].catalog.read
    query = request.query
    limit = shell.number(request, "limit", 50, PAGE_SIZES[-1])
    which = await _filter(request, project.row.id)
    total = await run_listing.count_runs(db, project.row.id, which)
    pages = max(1, -(-total // limit))
    page = min(shell.number(request, "page", 1, 10**9), pages)
    sort, descending = query.get("sort", "created"), query.get("order", "desc") == "desc"
    offset = (page - 1) * limit
    rows = await run_sorting.runs(db, project.row.id, which, sort, descending, limit, offset)
    shown = [row.run for row in rows]
    cookie = f"runfs_columns_{project.row.id}"
    asked = query.getall("column", None)
    chosen = columns.valid(asked) if asked is not None else columns.from_cookie(request.cookies.get(cookie))
    chosen = chosen if chosen is not None else columns.default(shown)
    response = shell.render(
        request,
        "runs_table.html" if shell.is_part(request) else "runs.html",
        project.crumbs,
        project=project,
        rows=rows,
        chosen=chosen,
        choices=columns.choices(shown, chosen),
        cell=columns.cell,
        seconds=seconds_of,
        tags=run_tags,
        shown_tags=SHOWN_TAGS,
        filter=which,
        states=STATES,
        sort=sort,
        descending=descending,
        page=page,
        pages=pages,
        total=total,
        limit=limit,
        sizes=PAGE_SIZES,
    )
    if asked is not None and (text := columns.as_cookie(chosen)) is not None:
        response.set_cookie(
            cookie, text, max_age=COOKIE_DAYS * 86400, path=project.address, samesite="Lax", httponly=True
        )
    return response


@shell.signed_in
async def compare(request: web.Request) -> web.Response:
    """From the runs that were ticked to their charts: the first one's, with the others laid over."""
    project = await project_of(request)
    names = request.query.getall("run", [])
    if not names:
        raise web.HTTPSeeOther(f"{project.address}/runs")
    first = project.address + shell.address("runs", names[0]) + "/metrics"
    raise web.HTTPSeeOther(
        first + ("?" + urlencode([("with", name) for name in names[1:]]) if names[1:] else "")
    )


def run_tags(run: Run) -> list[str]:
    """A run's tags."""
    return [tag for tag in json.loads(run.tags) if isinstance(tag, str)]


def seconds_of(run: Run, now_ns: int | None = None) -> float:
    """How long a run went on, or has gone on so far."""
    alive = run.state in ("pending", "running")
    end = run.finished_ns or ((now_ns or time.time_ns()) if alive else run.heartbeat_ns)
    return max(0, end - run.created_ns) / 1e9


async def _filter(request: web.Request, project_id: int) -> RunFilter:
    given: Mapping[str, str] = request.query
    sweep_id = None
    if name := given.get("sweep"):
        sweep = await sweeps.by_name(database(request), project_id, name)
        sweep_id = 0 if sweep is None else sweep.id
    state = given.get("state") if given.get("state") in STATES else None
    return RunFilter(
        state=state, tag=given.get("tag") or None, sweep_id=sweep_id, text=given.get("q", "").strip() or None
    )
