"""Artifact types and collections: what a project has, which versions, which aliases mean them."""

import re

from aiohttp import web

from httpapi import audit
from httpapi.cursors import cursor_of, place_of
from httpapi.models import artifacts as models
from httpapi.models.fields import InProject, PagedInProject, rfc3339
from httpapi.operations import Operations
from httpapi.problems import Problem
from httpapi.reach import artifact_at, collection_at, database, project_or_default, project_path
from httpapi.routes.artifacts import document
from httpapi.state import STATE
from store.catalog import Session, Transaction, aliases, artifact_types, artifacts, collections
from store.catalog.rows import Artifact, Collection
from store.errors import Conflict

operations = Operations("collections")
# Versions deleted in one transaction; others wait for it to end.
DELETED_AT_ONCE = 20
ALIASES_SHOWN_MAX = 1000


@operations.add("GET", "/artifacts/types", access="read", answers={200: models.TypeList})
async def list_artifact_types(request: web.Request, query: PagedInProject) -> models.TypeList:
    """List a project's artifact types, oldest first."""
    project = await project_or_default(request, query.project)
    db = request.app[STATE].catalog.read
    rows = await artifact_types.page(db, project.id, _after(query.cursor, "types"), query.limit + 1)
    page = rows[: query.limit]
    return models.TypeList(
        items=[
            models.Type(name=row.name, collections=await collections.count_of_type(db, row.id))
            for row in page
        ],
        next_cursor=cursor_of("types", [page[-1].id]) if len(rows) > len(page) else None,
        total_count=await artifact_types.count(db, project.id),
    )


@operations.add("GET", "/artifacts/collections", access="read", answers={200: models.CollectionList})
async def list_collections(request: web.Request, query: models.CollectionQuery) -> models.CollectionList:
    """List a project's artifact collections, oldest first."""
    project = await project_or_default(request, query.project)
    db = request.app[STATE].catalog.read
    after, limit = _after(query.cursor, "collections"), query.limit + 1
    if query.type is None:
        rows = await collections.page(db, project.id, after, limit)
        total = await collections.count(db, project.id)
    else:
        kind = await artifact_types.by_name(db, project.id, query.type)
        rows = [] if kind is None else await collections.of_type(db, kind.id, after, limit)
        total = 0 if kind is None else await collections.count_of_type(db, kind.id)
    page = rows[: query.limit]
    return models.CollectionList(
        items=[await _document(db, row) for row in page],
        next_cursor=cursor_of("collections", [page[-1].id]) if len(rows) > len(page) else None,
        total_count=total,
    )


@operations.add("GET", "/artifacts/collections/{collection}", access="read", answers={200: models.Collection})
async def get_collection(request: web.Request, collection: str, query: InProject) -> models.Collection:
    """Describe an artifact collection."""
    found = await collection_at(request, collection, query.project)
    return await _document(database(request), found)


@operations.add(
    "PATCH", "/artifacts/collections/{collection}", access="write", answers={200: models.Collection}
)
async def change_collection(
    request: web.Request, collection: str, query: InProject, body: models.CollectionPatch
) -> models.Collection:
    """Change a collection's description."""
    found = await collection_at(request, collection, query.project)
    changed = await request.app[STATE].catalog.write(
        lambda tx: collections.describe(tx, found.id, body.description)
    )
    return await _document(database(request), changed)


@operations.add("DELETE", "/artifacts/collections/{collection}", access="write", answers={204: None})
async def delete_collection(request: web.Request, collection: str, query: InProject) -> None:
    """Delete a collection with all its versions."""
    found = await collection_at(request, collection, query.project)
    db = database(request)
    catalog = request.app[STATE].catalog
    while page := await artifacts.all_of(db, found.id, DELETED_AT_ONCE):

        async def work(tx: Transaction, page: list[Artifact] = page) -> None:
            for artifact in page:
                await artifacts.delete(tx, artifact.id)

        await catalog.write(work)
    audit.record(request, "delete", about=f"artifact collection {found.name}")


@operations.add(
    "GET", "/artifacts/collections/{collection}/versions", access="read", answers={200: models.ArtifactList}
)
async def list_artifacts(request: web.Request, collection: str, query: PagedInProject) -> models.ArtifactList:
    """List a collection's committed versions, oldest first."""
    found = await collection_at(request, collection, query.project)
    db = request.app[STATE].catalog.read
    rows = await artifacts.page(db, found.id, _after(query.cursor, "artifacts"), query.limit + 1)
    page = rows[: query.limit]
    return models.ArtifactList.model_construct(
        items=[await document(db, row) for row in page],
        next_cursor=cursor_of("artifacts", [page[-1].id]) if len(rows) > len(page) else None,
        total_count=await artifacts.count(db, found.id),
    )


@operations.add(
    "GET",
    "/artifacts/collections/{collection}/versions/{version}",
    access="read",
    answers={200: models.Artifact},
)
async def get_artifact_version(
    request: web.Request, collection: str, version: str, query: InProject
) -> models.Artifact:
    """Describe the version that a number (v3) or an alias (latest) means."""
    found = await collection_at(request, collection, query.project)
    db = database(request)
    number = re.fullmatch(r"v([0-9]{1,18})", version)
    if number is not None:
        artifact = await artifacts.by_number(db, found.id, int(number[1]))
    else:
        alias = await aliases.by_name(db, found.id, version)
        artifact = None if alias is None else await artifacts.by_id(db, alias.artifact_id)
    if artifact is None:
        raise Problem("not-found", f"The artifact {collection} has no version {version}.")
    return await document(db, artifact)


@operations.add(
    "PUT",
    "/artifacts/collections/{collection}/aliases/{alias}",
    access="write",
    answers={200: models.Collection},
)
async def point_alias(
    request: web.Request, collection: str, alias: str, query: InProject, body: models.AliasTarget
) -> models.Collection:
    """Let an alias mean a committed version of the collection; it leaves the one that it meant before."""
    found = await collection_at(request, collection, query.project)
    artifact, _ = await artifact_at(request, body.artifact_id)
    if artifact.collection_id != found.id or artifact.number is None:
        raise Conflict(f"artifact {artifact.id} is no committed version of {found.name}")
    await request.app[STATE].catalog.write(lambda tx: aliases.point(tx, found.id, alias, artifact.id))
    return await _document(database(request), found)


@operations.add(
    "DELETE", "/artifacts/collections/{collection}/aliases/{alias}", access="write", answers={204: None}
)
async def remove_alias(request: web.Request, collection: str, alias: str, query: InProject) -> None:
    """Let an alias mean nothing any more."""
    found = await collection_at(request, collection, query.project)
    row = await aliases.by_name(database(request), found.id, alias)
    if row is None:
        raise Problem("not-found", f"The artifact {collection} has no alias {alias}.")
    await request.app[STATE].catalog.write(lambda tx: aliases.remove(tx, row))


async def _document(db: Session, row: Collection) -> models.Collection:
    kind = await artifact_types.by_id(db, row.type_id)
    pointing = {}
    for alias in await aliases.page(db, row.id, 0, ALIASES_SHOWN_MAX):
        artifact = await artifacts.by_id(db, alias.artifact_id)
        if artifact is not None and artifact.number is not None:
            pointing[alias.name] = f"v{artifact.number}"
    return models.Collection.model_construct(
        name=row.name,
        project=await project_path(db, row.project_id),
        type="" if kind is None else kind.name,
        description=row.description,
        versions=await artifacts.count(db, row.id),
        aliases=pointing,
        created_at=rfc3339(row.created_ns),
        updated_at=rfc3339(row.changed_ns),
    )


def _after(cursor: str | None, order: str) -> int:
    if cursor is None:
        return 0
    (place,) = place_of(cursor, order, (int,))
    return int(place or 0)
