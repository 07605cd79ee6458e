"""Artifacts: types and collections, a collection's versions and aliases, one version and its runs."""

from __future__ import annotations

import json
from dataclasses import dataclass

from aiohttp import web
from markupsafe import Markup

from httpapi.page import shell
from httpapi.page.place import ProjectPlace, artifact_of, collection_of, project_of
from httpapi.page.preview import tree_html
from httpapi.page.shell import address
from httpapi.state import STATE
from store.catalog import aliases, artifact_types, artifacts, collections, filesets, runs
from store.catalog.rows import Artifact, Collection
from store.catalog.session import Session

SHOWN_COLLECTIONS = 1000
SHOWN_VERSIONS = 500
SHOWN_USERS = 100


@dataclass(frozen=True, slots=True)
class ArtifactLink:
    """A version as other pages name it."""

    name: str  # "mnist v3"
    type: str
    address: str


@dataclass(frozen=True, slots=True)
class RunLink:
    """A run as artifacts name it."""

    name: str
    address: str


@shell.signed_in
async def show_all(request: web.Request) -> web.Response:
    """A project's artifact types with their collections."""
    project = await project_of(request)
    db = request.app[STATE].catalog.read
    groups = []
    for kind in await artifact_types.page(db, project.row.id, 0, SHOWN_COLLECTIONS):
        rows = [
            (collection, await artifacts.count(db, collection.id), await artifacts.newest(db, collection.id))
            for collection in await collections.of_type(db, kind.id, 0, SHOWN_COLLECTIONS)
        ]
        groups.append((kind, rows))
    return shell.render(request, "artifacts.html", project.crumbs, project=project, groups=groups)


@shell.signed_in
async def show_collection(request: web.Request) -> web.Response:
    """The versions of one artifact, newest first, with the aliases that point at each."""
    project, collection = await collection_of(request)
    db = request.app[STATE].catalog.read
    found = await artifacts.page(db, collection.id, 0, SHOWN_VERSIONS)
    names: dict[int, list[str]] = {}
    for alias in await aliases.page(db, collection.id, 0, SHOWN_VERSIONS):
        names.setdefault(alias.artifact_id, []).append(alias.name)
    rows = [
        (
            each,
            names.get(each.id, []),
            await filesets.by_id(db, each.fileset_id),
            await _maker(db, project, each),
        )
        for each in reversed(found)
    ]
    own = address_of(project, collection)
    kind = await artifact_types.by_id(db, collection.type_id)
    return shell.render(
        request,
        "collection.html",
        [*project.crumbs, (collection.name, own)],
        project=project,
        collection=collection,
        kind=kind.name if kind else "",
        own=own,
        rows=rows,
    )


@shell.signed_in
async def show_version(request: web.Request) -> web.Response:
    """One version: its files, metadata, aliases, the run that made it and the runs that used it."""
    project, collection, artifact, fileset = await artifact_of(request)
    db = request.app[STATE].catalog.read
    users = [
        await runs.by_id(db, run_id) for run_id in (await artifacts.users(db, artifact.id))[:SHOWN_USERS]
    ]
    above = address_of(project, collection)
    own = f"{above}/v{artifact.number}"
    kind = await artifact_types.by_id(db, collection.type_id)
    return shell.render(
        request,
        "artifact.html",
        [*project.crumbs, (collection.name, above), (f"v{artifact.number}", own)],
        project=project,
        collection=collection,
        kind=kind.name if kind else "",
        artifact=artifact,
        fileset=fileset,
        own=own,
        aliases=[alias.name for alias in await aliases.of_artifact(db, artifact.id)],
        metadata=Markup(tree_html(json.loads(artifact.metadata))),
        maker=await _maker(db, project, artifact),
        users=[_run_link(project, run.name, run.display_name) for run in users if run is not None],
        line=f"run.use_artifact({json.dumps(f'{collection.name}:v{artifact.number}')}).download()",
    )


def address_of(project: ProjectPlace, collection: Collection) -> str:
    """Where a collection's page is."""
    return project.address + address("artifacts", "collections", collection.name)


async def links_to(request: web.Request, project: ProjectPlace, found: list[Artifact]) -> list[ArtifactLink]:
    """Links to versions of a project's artifacts."""
    db = request.app[STATE].catalog.read
    out = []
    for artifact in found:
        collection = await collections.by_id(db, artifact.collection_id)
        kind = await artifact_types.by_id(db, collection.type_id) if collection else None
        if collection is not None and kind is not None and collection.project_id == project.row.id:
            where = f"{address_of(project, collection)}/v{artifact.number}"
            out.append(ArtifactLink(f"{collection.name} v{artifact.number}", kind.name, where))
    return out


async def _maker(db: Session, project: ProjectPlace, artifact: Artifact) -> RunLink | None:
    run = None if artifact.run_id is None else await runs.by_id(db, artifact.run_id)
    if run is None or run.project_id != project.row.id:
        return None
    return _run_link(project, run.name, run.display_name)


def _run_link(project: ProjectPlace, name: str, display_name: str) -> RunLink:
    return RunLink(display_name or name, project.address + address("runs", name))
