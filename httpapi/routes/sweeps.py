"""Sweeps: made, described, deleted.

A run joins one when it is made; the runs of one are listed with ?sweep=.
"""

from aiohttp import web

from httpapi import audit
from httpapi.cursors import cursor_of, place_of
from httpapi.models import sweeps as models
from httpapi.models.fields import InProject, PagedInProject
from httpapi.operations import Answer, Operations
from httpapi.reach import database, project_or_default, project_path, sweep_at
from httpapi.routes.runs import short_id
from httpapi.state import STATE
from store import strict_json
from store.catalog import Session, Transaction, sweeps
from store.catalog.rows import Sweep

operations = Operations("sweeps")
ORDER = "sweeps"


@operations.add("POST", "/sweeps", access="write", answers={201: models.Sweep})
async def create_sweep(request: web.Request, body: models.NewSweep) -> Answer:
    """Make a sweep in a project that exists."""
    project = await project_or_default(request, body.project)

    async def work(tx: Transaction) -> Sweep:
        return await sweeps.create(
            tx,
            project.id,
            body.id or short_id(),
            display_name=body.display_name,
            method=body.method,
            config=strict_json.dumps(body.config),
        )

    sweep = await request.app[STATE].catalog.write(work)
    return Answer(await _document(database(request), sweep), 201)


@operations.add("GET", "/sweeps", access="read", answers={200: models.SweepList})
async def list_sweeps(request: web.Request, query: PagedInProject) -> models.SweepList:
    """List a project's sweeps, oldest first."""
    project = await project_or_default(request, query.project)
    db = request.app[STATE].catalog.read
    after = 0
    if query.cursor is not None:
        (place,) = place_of(query.cursor, ORDER, (int,))
        after = int(place or 0)
    rows = await sweeps.page(db, project.id, after, query.limit + 1)
    page = rows[: query.limit]
    return models.SweepList.model_construct(
        items=[await _document(db, row) for row in page],
        next_cursor=cursor_of(ORDER, [page[-1].id]) if len(rows) > len(page) else None,
        total_count=await sweeps.count(db, project.id),
    )


@operations.add("GET", "/sweeps/{sweep_id}", access="read", answers={200: models.Sweep})
async def get_sweep(request: web.Request, sweep_id: str, query: InProject) -> models.Sweep:
    """Describe a sweep."""
    sweep = await sweep_at(request, sweep_id, query.project)
    return await _document(request.app[STATE].catalog.read, sweep)


@operations.add("PATCH", "/sweeps/{sweep_id}", access="write", answers={200: models.Sweep})
async def change_sweep(
    request: web.Request, sweep_id: str, query: InProject, body: models.SweepPatch
) -> models.Sweep:
    """Change a sweep's state or description. A finished sweep has the state finished or cancelled."""
    sweep = await sweep_at(request, sweep_id, query.project)
    columns = body.model_dump(exclude_none=True, exclude={"config"})
    if body.config is not None:
        columns["config"] = strict_json.dumps(body.config)
    changed = await request.app[STATE].catalog.write(lambda tx: sweeps.update(tx, sweep.id, **columns))
    return await _document(request.app[STATE].catalog.read, changed)


@operations.add("DELETE", "/sweeps/{sweep_id}", access="write", answers={204: None})
async def delete_sweep(request: web.Request, sweep_id: str, query: InProject) -> None:
    """Delete a sweep. Its runs stay, without it."""
    sweep = await sweep_at(request, sweep_id, query.project)
    await request.app[STATE].catalog.write(lambda tx: sweeps.delete(tx, sweep.id))
    audit.record(request, "delete", about=f"sweep {sweep.name}")


async def _document(db: Session, sweep: Sweep) -> models.Sweep:
    path = await project_path(db, sweep.project_id)
    return models.Sweep.of(sweep, path, await sweeps.states(db, sweep.id), await sweeps.best(db, sweep))
