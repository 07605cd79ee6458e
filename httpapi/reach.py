"""From what an address names to the row it means, for this key: what the key may not read is not found.

Every look-up by id or name goes through here, so no route can forget to ask. What the key may read but not
change is refused by the access check of the route before it comes to this.
"""

from dataclasses import dataclass
from typing import TypeVar

from aiohttp import web

from httpapi.auth import allows
from httpapi.problems import Problem
from httpapi.state import KEY, STATE
from store.catalog import (
    Session,
    artifacts,
    collections,
    entities,
    entries,
    filesets,
    projects,
    runs,
    sweeps,
)
from store.catalog.rows import Artifact, Collection, Entry, Fileset, Key, Project, Run, Sweep, Version

Named = TypeVar("Named", Run, Sweep)


@dataclass(frozen=True, slots=True)
class FileAt:
    """A file with its current version and whose it is: a run's or an artifact's."""

    entry: Entry
    version: Version
    fileset: Fileset


def key_of(request: web.Request) -> Key:
    """The key that the route's access check has let in."""
    return request[KEY]


def database(request: web.Request) -> Session:
    """Where single rows are looked up.

    In place, since a hop to a thread and back costs five times as much.
    """
    return request.app[STATE].catalog.direct


async def project_path(db: Session, project_id: int) -> str:
    """ENTITY/PROJECT."""
    project = await projects.by_id(db, project_id)
    entity = None if project is None else await entities.by_id(db, project.entity_id)
    if project is None or entity is None:
        raise Problem("not-found", "The project is gone.")
    return f"{entity.name}/{project.name}"


async def project_at(request: web.Request, path: str) -> Project:
    """The project ENTITY/PROJECT."""
    entity, _, name = path.partition("/")
    project = await projects.by_path(database(request), entity, name)
    if project is None or not allows(key_of(request), "read", project.id):
        raise Problem("not-found", f"There is no project {path}.")
    return project


async def project_or_default(request: web.Request, path: str | None) -> Project:
    """The project ENTITY/PROJECT; for None the key's own one, or else the default project."""
    if path is not None:
        return await project_at(request, path)
    db = database(request)
    own = key_of(request).project_id
    project = await projects.by_id(db, own) if own is not None else await projects.default(db)
    if project is None:
        raise Problem("not-found", "There is no project yet; name one, as ENTITY/PROJECT.")
    return project


async def run_at(request: web.Request, name: str, project: str | None) -> Run:
    """The run with this short id. Problem "conflict", naming the projects, when the key may read several."""
    if project is not None:
        within = await project_at(request, project)
        run = await runs.by_name(database(request), within.id, name)
        if run is None:
            raise Problem("not-found", f"There is no run {name} in {project}.")
        return run
    return await _the_one(request, "run", name, await runs.named(database(request), name))


async def sweep_at(request: web.Request, name: str, project: str | None) -> Sweep:
    """The sweep with this short id, as run_at."""
    if project is not None:
        within = await project_at(request, project)
        sweep = await sweeps.by_name(database(request), within.id, name)
        if sweep is None:
            raise Problem("not-found", f"There is no sweep {name} in {project}.")
        return sweep
    return await _the_one(request, "sweep", name, await sweeps.named(database(request), name))


async def _the_one(request: web.Request, kind: str, name: str, found: list[Named]) -> Named:
    key = key_of(request)
    readable = [row for row in found if allows(key, "read", row.project_id)]
    if not readable:
        raise Problem("not-found", f"There is no {kind} {name}.")
    if len(readable) > 1:
        paths = [await project_path(database(request), row.project_id) for row in readable[:20]]
        raise Problem(
            "conflict",
            f"Several projects have a {kind} {name}; add ?project= with one of: {', '.join(paths)}.",
            projects=paths,
        )
    return readable[0]


async def fileset_of(request: web.Request, fileset_id: int, what: str) -> Fileset:
    """The fileset of something found already, if this key may read its project."""
    fileset = await filesets.by_id(database(request), fileset_id)
    if fileset is None or not allows(key_of(request), "read", fileset.project_id):
        raise Problem("not-found", f"There is no {what}.")
    return fileset


async def file_at(request: web.Request, file_id: int) -> FileAt:
    """The file with this id."""
    what = f"file {file_id}"
    listed = await entries.by_id(database(request), file_id)
    if listed is None or listed.version is None:
        raise Problem("not-found", f"There is no {what}.")
    return FileAt(listed.entry, listed.version, await fileset_of(request, listed.entry.fileset_id, what))


async def artifact_at(request: web.Request, artifact_id: int) -> tuple[Artifact, Fileset]:
    """The artifact version with this id, pending ones too, with its fileset."""
    what = f"artifact {artifact_id}"
    artifact = await artifacts.by_id(database(request), artifact_id)
    if artifact is None:
        raise Problem("not-found", f"There is no {what}.")
    return artifact, await fileset_of(request, artifact.fileset_id, what)


async def collection_at(request: web.Request, name: str, project: str | None) -> Collection:
    """The artifact collection of this name in a project."""
    within = await project_or_default(request, project)
    collection = await collections.by_name(database(request), within.id, name)
    if collection is None:
        raise Problem("not-found", f"There is no artifact collection {name}.")
    return collection
