"""Artifact versions: made pending, filled, committed, used, deleted."""

from aiohttp import web

from httpapi import audit, intake, many
from httpapi.intake import OCTETS, Owner
from httpapi.models import artifacts as models
from httpapi.models import uploads as upload_models
from httpapi.models.files import ArtifactArchiveQuery, ArtifactFileQuery, File, FileList
from httpapi.operations import Answer, Operations
from httpapi.problems import Problem
from httpapi.reach import artifact_at, database, project_or_default, project_path
from httpapi.routes.content import archive_response, members_of
from httpapi.routes.files import file_list
from httpapi.state import STATE
from store import strict_json
from store.catalog import (
    Session,
    Transaction,
    aliases,
    artifact_types,
    artifacts,
    collections,
    filesets,
    runs,
)
from store.catalog.listing import Filter
from store.catalog.rows import Artifact
from store.errors import Absent

operations = Operations("artifacts")


@operations.add("POST", "/artifacts", access="write", answers={201: models.Artifact, 200: models.Artifact})
async def create_artifact(request: web.Request, body: models.NewArtifact) -> Answer:
    """Make a pending version (201), or give the committed one that has this digest (200)."""
    project = await project_or_default(request, body.project)

    async def work(tx: Transaction) -> tuple[Artifact, bool]:
        run = None if body.run is None else await runs.by_name(tx, project.id, body.run)
        if body.run is not None and run is None:
            raise Absent(f"the project has no run {body.run}")
        collection = await collections.ensure(tx, project.id, body.type, body.name)
        if body.digest:
            known = await artifacts.by_digest(tx, collection.id, body.digest)
            if known is not None:
                return known, False
        made = await artifacts.create(
            tx,
            collection,
            None if run is None else run.id,
            description=body.description,
            metadata=strict_json.dumps(body.metadata),
            digest=body.digest,
        )
        return made, True

    artifact, is_new = await request.app[STATE].catalog.write(work)
    return Answer(await document(database(request), artifact), 201 if is_new else 200)


@operations.add("GET", "/artifacts/{artifact_id}", access="read", answers={200: models.Artifact})
async def get_artifact(request: web.Request, artifact_id: int) -> models.Artifact:
    """Describe an artifact version."""
    artifact, _ = await artifact_at(request, artifact_id)
    return await document(database(request), artifact)


@operations.add("PATCH", "/artifacts/{artifact_id}", access="write", answers={200: models.Artifact})
async def change_artifact(
    request: web.Request, artifact_id: int, body: models.ArtifactPatch
) -> models.Artifact:
    """Change a version's description or metadata; its files never change once it is committed."""
    await artifact_at(request, artifact_id)
    columns: dict[str, str] = {}
    if body.description is not None:
        columns["description"] = body.description
    if body.metadata is not None:
        columns["metadata"] = strict_json.dumps(body.metadata)
    changed = await request.app[STATE].catalog.write(lambda tx: artifacts.update(tx, artifact_id, **columns))
    return await document(database(request), changed)


@operations.add("DELETE", "/artifacts/{artifact_id}", access="write", answers={204: None})
async def delete_artifact(request: web.Request, artifact_id: int) -> None:
    """Delete a version with its files and aliases; "latest" goes to the newest that is left."""
    await artifact_at(request, artifact_id)
    await request.app[STATE].catalog.write(lambda tx: artifacts.delete(tx, artifact_id))
    audit.record(request, "delete", about=f"artifact {artifact_id}")


@operations.add("POST", "/artifacts/{artifact_id}/commit", access="write", answers={200: models.Artifact})
async def commit_artifact(request: web.Request, artifact_id: int, body: models.Commit) -> models.Artifact:
    """Make a pending version the collection's next one. From now on its files stay as they are."""
    await artifact_at(request, artifact_id)
    committed = await request.app[STATE].catalog.write(
        lambda tx: artifacts.commit(tx, artifact_id, body.aliases)
    )
    return await document(database(request), committed)


@operations.add("POST", "/artifacts/{artifact_id}/use", access="write", answers={204: None})
async def use_artifact(request: web.Request, artifact_id: int, body: models.Use) -> None:
    """Note that a run uses a version."""
    _, fileset = await artifact_at(request, artifact_id)
    run = await runs.by_name(database(request), fileset.project_id, body.run)
    if run is None:
        raise Problem("not-found", f"There is no run {body.run} in the artifact's project.")
    await request.app[STATE].catalog.write(lambda tx: artifacts.use(tx, artifact_id, run.id))


@operations.add("GET", "/artifacts/{artifact_id}/files", access="read", answers={200: FileList})
async def list_artifact_files(request: web.Request, artifact_id: int, query: ArtifactFileQuery) -> FileList:
    """List a version's files, with the totals of all of them."""
    _, fileset = await artifact_at(request, artifact_id)
    return await file_list(request, fileset, query, None, artifact_id)


@operations.add("GET", "/artifacts/{artifact_id}/files.zip", access="read", answers={200: "application/zip"})
async def get_artifact_archive(
    request: web.Request, artifact_id: int, query: ArtifactArchiveQuery
) -> web.StreamResponse:
    """Give a version's files, all or those of a glob, as one archive."""
    artifact, fileset = await artifact_at(request, artifact_id)
    names = await _names(database(request), artifact)
    number = "pending" if artifact.number is None else f"v{artifact.number}"
    members = members_of(request, fileset.id, Filter(glob=query.glob))
    return await archive_response(request, f"{names.collection}-{number}.zip", members)


@operations.add(
    "POST", "/artifacts/{artifact_id}/files/upload-url", access="write", answers={200: upload_models.Upload}
)
async def request_artifact_upload(
    request: web.Request, artifact_id: int, body: upload_models.NewUpload
) -> upload_models.Upload:
    """Ask how a file of a pending version is to be sent."""
    _, fileset = await artifact_at(request, artifact_id)
    return await intake.ask(request, fileset.id, body)


@operations.add("POST", "/artifacts/{artifact_id}/files", access="write", answers={201: File, 200: File})
async def register_artifact_file(
    request: web.Request, artifact_id: int, body: upload_models.Registration
) -> Answer:
    """Put a file whose bytes were sent into a pending version."""
    _, fileset = await artifact_at(request, artifact_id)
    return await intake.register(request, Owner(fileset.id, artifact_id=artifact_id), body)


@operations.add(
    "PUT", "/artifacts/{artifact_id}/files", access="write", answers={201: File, 200: File}, raw_body=OCTETS
)
async def put_artifact_file(request: web.Request, artifact_id: int, query: upload_models.PutQuery) -> Answer:
    """Send and register a file of a pending version in one request."""
    _, fileset = await artifact_at(request, artifact_id)
    return await intake.put(request, Owner(fileset.id, artifact_id=artifact_id), query)


@operations.add(
    "POST",
    "/artifacts/{artifact_id}/files:put",
    access="write",
    answers={200: upload_models.FileOutcomes},
    raw_body=OCTETS,
)
async def put_artifact_files(request: web.Request, artifact_id: int) -> upload_models.FileOutcomes:
    """Send and register many small files of a pending version, as POST /runs/{run_id}/files:put does."""
    _, fileset = await artifact_at(request, artifact_id)
    return await many.put_all(request, Owner(fileset.id, artifact_id=artifact_id))


async def document(db: Session, artifact: Artifact) -> models.Artifact:
    """The document of an artifact version."""
    fileset = await filesets.by_id(db, artifact.fileset_id)
    if fileset is None:
        raise Problem("not-found", f"There is no artifact {artifact.id}.")
    pointing = [alias.name for alias in await aliases.of_artifact(db, artifact.id)]
    used_by = [await _run_name(db, run_id) for run_id in await artifacts.users(db, artifact.id)]
    return models.Artifact.of(
        artifact,
        fileset,
        await _names(db, artifact),
        pointing,
        await _run_name(db, artifact.run_id),
        [name for name in used_by if name is not None],
    )


async def _names(db: Session, artifact: Artifact) -> models.Names:
    collection = await collections.by_id(db, artifact.collection_id)
    kind = None if collection is None else await artifact_types.by_id(db, collection.type_id)
    if collection is None or kind is None:
        raise Problem("not-found", f"There is no artifact {artifact.id}.")
    return models.Names.model_construct(
        project=await project_path(db, collection.project_id), type=kind.name, collection=collection.name
    )


async def _run_name(db: Session, run_id: int | None) -> str | None:
    run = None if run_id is None else await runs.by_id(db, run_id)
    return None if run is None else run.name
