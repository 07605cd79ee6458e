"""Projects: the key's own, or all."""

from aiohttp import web

from httpapi import audit
from httpapi.auth import allows
from httpapi.cursors import cursor_of, place_of
from httpapi.models import projects as models
from httpapi.models.fields import Paged
from httpapi.operations import Answer, Operations
from httpapi.problems import Problem
from httpapi.reach import key_of, project_at
from httpapi.state import STATE
from store.catalog import Transaction, projects, run_listing
from store.catalog.run_listing import ProjectRow

operations = Operations("projects")
ORDER = "projects"


def document(row: ProjectRow) -> models.Project:
    """The document of a project as the list gives it."""
    return models.Project.of(row.project, row.entity, row.runs, row.is_default)


@operations.add("GET", "/projects", access="read", answers={200: models.ProjectList})
async def list_projects(request: web.Request, query: Paged) -> models.ProjectList:
    """List the projects that the key may read, oldest first."""
    db = request.app[STATE].catalog.read
    only = key_of(request).project_id
    after = 0
    if query.cursor is not None:
        (place,) = place_of(query.cursor, ORDER, (int,))
        after = int(place or 0)
    rows = await run_listing.projects(db, only, after, query.limit + 1)
    page = rows[: query.limit]
    return models.ProjectList.model_construct(
        items=[document(row) for row in page],
        next_cursor=cursor_of(ORDER, [page[-1].project.id]) if len(rows) > len(page) else None,
        total_count=await run_listing.count_projects(db, only),
    )


@operations.add("POST", "/projects", access="write", answers={201: models.Project})
async def create_project(request: web.Request, body: models.NewProject) -> Answer:
    """Make a project. Only keys for all projects may."""
    if key_of(request).project_id is not None:
        raise Problem("forbidden", "This key is for one project; only a key for all may make others.")
    entity, _, name = body.project.partition("/")

    async def work(tx: Transaction) -> int:
        return (await projects.create(tx, entity, name, body.description)).id

    project_id = await request.app[STATE].catalog.write(work)
    return Answer(await _project(request, project_id), 201)


@operations.add("GET", "/projects/{entity}/{project}", access="read", answers={200: models.Project})
async def get_project(request: web.Request, entity: str, project: str) -> models.Project:
    """Describe a project."""
    found = await project_at(request, f"{entity}/{project}")
    return await _project(request, found.id)


@operations.add("PATCH", "/projects/{entity}/{project}", access="write", answers={200: models.Project})
async def change_project(
    request: web.Request, entity: str, project: str, body: models.ProjectPatch
) -> models.Project:
    """Change a project's description, or make it the default one (admin keys for all projects)."""
    found = await project_at(request, f"{entity}/{project}")
    if body.is_default is False:
        raise Problem("invalid", "To change the default project, make another one the default.")
    if body.is_default and not allows(key_of(request), "admin", None):
        raise Problem("forbidden", "The default project is changed with an admin key for all projects.")

    async def work(tx: Transaction) -> None:
        if body.description is not None:
            await projects.describe(tx, found.id, body.description)
        if body.is_default:
            await projects.set_default(tx, found.id)

    await request.app[STATE].catalog.write(work)
    return await _project(request, found.id)


@operations.add("DELETE", "/projects/{entity}/{project}", access="admin", answers={204: None})
async def delete_project(request: web.Request, entity: str, project: str) -> None:
    """Delete a project: its runs, sweeps and artifacts, and the keys that are for it alone.

    Its name can be used again at once. An entity goes with its last project. The oldest project becomes the
    default when that was deleted.
    """
    path = f"{entity}/{project}"
    found = await project_at(request, path)
    state = request.app[STATE]
    await state.catalog.write(lambda tx: projects.delete(tx, found.id))
    state.auth.forget()
    audit.record(request, "delete", project=path)


async def _project(request: web.Request, project_id: int) -> models.Project:
    rows = await run_listing.projects(request.app[STATE].catalog.direct, project_id, 0, 1)
    if not rows:
        raise Problem("not-found", "The project is gone.")
    return document(rows[0])
