"""Runs: made and resumed, described, kept alive, finished, deleted."""

import secrets
import string

from aiohttp import web

from httpapi import audit
from httpapi.auth import allows
from httpapi.cursors import cursor_of, place_of
from httpapi.models import runs as models
from httpapi.models.fields import InProject
from httpapi.operations import Answer, Operations
from httpapi.problems import Problem
from httpapi.reach import key_of, project_or_default, project_path, run_at
from httpapi.state import STATE
from store import strict_json
from store.catalog import Transaction, entities, projects, run_listing, runs, sweeps
from store.catalog.rows import Key, Project
from store.catalog.run_listing import RunFilter, RunRow
from store.catalog.session import Session, Value
from store.errors import Absent, Conflict

operations = Operations("runs")
ID_ALPHABET = string.ascii_lowercase + string.digits
ID_LENGTH = (
    8  # 41 bits: two of a million runs in one project share an id once in 4 tries, and then another is drawn
)
FIRST_PROJECT = ("default", "uncategorized")  # for whoever names none while there is none


@operations.add("POST", "/runs", access="write", answers={201: models.Run, 200: models.Run})
async def create_run(request: web.Request, body: models.NewRun) -> Answer:
    """Make a run (201), or resume one (200).

    Its project is made too, if there is none of that name and the key is for all projects.
    """
    key = key_of(request)

    async def work(tx: Transaction) -> tuple[int, bool]:
        project = await _project_for(tx, key, body.project, body.entity)
        sweep = None
        if body.sweep is not None:
            sweep = await sweeps.by_name(tx, project.id, body.sweep)
            if sweep is None:
                raise Absent(f"the project has no sweep {body.sweep}")
        found = None if body.id is None else await runs.by_name(tx, project.id, body.id)
        if found is not None:
            if body.resume == "never":
                raise Conflict(f"the project has a run {body.id} already: resume it, or choose another id")
            await _update(tx, found.id, body)
            await runs.merge(tx, found.id, body.config, None)
            return (await runs.resume(tx, found.id)).id, False
        if body.resume == "must":
            raise Absent(f"the project has no run {body.id} to resume")
        name = body.id or await _free_id(tx, project.id)
        columns = _columns(body) | {"config": strict_json.dumps(body.config)}
        columns["sweep_id"] = None if sweep is None else sweep.id
        return (await runs.create(tx, project.id, name, **columns)).id, True

    run_id, is_new = await request.app[STATE].catalog.write(work)
    return Answer(await _run(request, run_id), 201 if is_new else 200)


@operations.add("GET", "/runs", access="read", answers={200: models.RunList})
async def list_runs(request: web.Request, query: models.RunQuery) -> models.RunList:
    """List a project's runs, newest first unless asked otherwise."""
    project = await project_or_default(request, query.project)
    db = request.app[STATE].catalog.read
    sweep_id = None
    if query.sweep is not None:
        sweep = await sweeps.by_name(db, project.id, query.sweep)
        sweep_id = 0 if sweep is None else sweep.id
    which = RunFilter(query.state, query.tag, query.group, sweep_id, query.text)
    order = f"runs {query.order}"
    after = None
    if query.cursor is not None:
        (place,) = place_of(query.cursor, order, (int,))
        after = int(place or 0)
    rows = await run_listing.runs(db, project.id, which, query.order == "desc", after, query.limit + 1)
    page = rows[: query.limit]
    path = await project_path(db, project.id)
    return models.RunList.model_construct(
        items=[document(row, path) for row in page],
        next_cursor=cursor_of(order, [page[-1].run.id]) if len(rows) > len(page) else None,
        total_count=await run_listing.count_runs(db, project.id, which),
    )


@operations.add("GET", "/runs/{run_id}", access="read", answers={200: models.Run})
async def get_run(request: web.Request, run_id: str, query: InProject) -> models.Run:
    """Describe a run."""
    run = await run_at(request, run_id, query.project)
    return await _run(request, run.id)


@operations.add("PATCH", "/runs/{run_id}", access="write", answers={200: models.Run})
async def change_run(
    request: web.Request, run_id: str, query: InProject, body: models.RunPatch
) -> models.Run:
    """Change a run's description; config and summary are merged key by key, and null is kept as a value."""
    run = await run_at(request, run_id, query.project)

    async def work(tx: Transaction) -> None:
        await _update(tx, run.id, body)
        await runs.merge(
            *(tx, run.id, body.config, body.summary),
            config_without=body.config_remove,
            summary_without=body.summary_remove,
        )

    await request.app[STATE].catalog.write(work)
    return await _run(request, run.id)


@operations.add("DELETE", "/runs/{run_id}", access="write", answers={204: None})
async def delete_run(request: web.Request, run_id: str, query: InProject) -> None:
    """Delete a run with its files, history and console. Artifacts that it made stay."""
    run = await run_at(request, run_id, query.project)
    await request.app[STATE].catalog.write(lambda tx: runs.delete(tx, run.id))
    audit.record(request, "delete", run=run.name)


@operations.add("POST", "/runs/{run_id}/heartbeat", access="write", answers={204: None})
async def heartbeat(request: web.Request, run_id: str, query: InProject) -> None:
    """Say that the run's client is alive; a run that is not heard of is given up for crashed."""
    run = await run_at(request, run_id, query.project)
    await request.app[STATE].catalog.write(lambda tx: runs.heartbeat(tx, run.id))


@operations.add("POST", "/runs/{run_id}/finish", access="write", answers={200: models.Run})
async def finish_run(request: web.Request, run_id: str, query: InProject, body: models.Finish) -> models.Run:
    """End a run. Ending it again changes how it ended."""
    run = await run_at(request, run_id, query.project)
    await request.app[STATE].catalog.write(lambda tx: runs.finish(tx, run.id, body.exit_code, body.state))
    return await _run(request, run.id)


def document(row: RunRow, project: str) -> models.Run:
    """The document of a run as the list gives it."""
    return models.Run.of(row.run, project, row.sweep, row.fileset)


async def _run(request: web.Request, run_id: int) -> models.Run:
    db = request.app[STATE].catalog.direct
    row = await run_listing.run(db, run_id)
    if row is None:
        raise Problem("not-found", "The run is gone.")
    return document(row, await project_path(db, row.run.project_id))


async def _project_for(tx: Transaction, key: Key, path: str | None, entity: str | None) -> Project:
    """The project that a new run goes into, made when the key may make it."""
    if path is None and entity is None:
        if key.project_id is None:
            return await projects.default(tx) or await projects.ensure(tx, *FIRST_PROJECT)
        own = await projects.by_id(tx, key.project_id)
        if own is None:  # deleted since the key was let in
            raise Absent("the project that this key is for is gone")
        return own
    owner, _, name = (path or FIRST_PROJECT[1]).rpartition("/")
    owner = owner or entity or await _default_entity(tx, key)
    found = await projects.by_path(tx, owner, name)
    if found is None and key.project_id is None:
        return await projects.ensure(tx, owner, name)
    if found is None or not allows(key, "write", found.id):
        raise Absent(f"there is no project {owner}/{name}")
    return found


async def _default_entity(db: Session, key: Key) -> str:
    project = (
        await projects.by_id(db, key.project_id) if key.project_id is not None else await projects.default(db)
    )
    owner = None if project is None else await entities.by_id(db, project.entity_id)
    return FIRST_PROJECT[0] if owner is None else owner.name


def short_id() -> str:
    """A name for a run or a sweep whose maker has none for it."""
    return "".join(secrets.choice(ID_ALPHABET) for _ in range(ID_LENGTH))


async def _free_id(db: Session, project_id: int) -> str:
    while True:
        name = short_id()
        if await runs.by_name(db, project_id, name) is None:
            return name


def _columns(body: models.NewRun | models.RunPatch) -> dict[str, Value]:
    """The columns that the client gave; config and summary are merged elsewhere."""
    given = body.model_dump(include=_PLAIN, exclude_unset=True, exclude_none=True)
    if "group" in given:
        given["group_name"] = given.pop("group")
    if "tags" in given:
        given["tags"] = strict_json.dumps(given["tags"])
    return given


async def _update(tx: Transaction, run_id: int, body: models.NewRun | models.RunPatch) -> None:
    if columns := _columns(body):
        await runs.update(tx, run_id, **columns)


_PLAIN = {"display_name", "tags", "notes", "group", "job_type", "user", "host", "program"}
