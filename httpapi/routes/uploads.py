"""Files of a run on their way in: three steps (ask, PUT, register), the same for many at once, or one PUT."""

from aiohttp import web

from httpapi import intake, many
from httpapi.intake import OCTETS, Owner
from httpapi.models import uploads as models
from httpapi.models.fields import InProject
from httpapi.models.files import File
from httpapi.operations import Answer, Operations
from httpapi.problems import Problem
from httpapi.reach import database, fileset_of, key_of, run_at
from httpapi.state import STATE
from store.catalog import uploads
from store.catalog.rows import Upload

operations = Operations("uploads")


@operations.add("POST", "/runs/{run_id}/files/upload-url", access="write", answers={200: models.Upload})
async def request_upload(
    request: web.Request, run_id: str, query: InProject, body: models.NewUpload
) -> models.Upload:
    """Ask how a file is to be sent, or learn that its bytes are here already."""
    run = await run_at(request, run_id, query.project)
    return await intake.ask(request, run.fileset_id, body)


@operations.add("POST", "/runs/{run_id}/files", access="write", answers={201: File, 200: File})
async def register_file(
    request: web.Request, run_id: str, query: InProject, body: models.Registration
) -> Answer:
    """Make a file visible whose bytes were sent: 201 a new one, 200 a new version of the one at its path."""
    run = await run_at(request, run_id, query.project)
    return await intake.register(request, Owner(run.fileset_id, run.name), body)


@operations.add(
    "POST",
    "/runs/{run_id}/files:upload-urls",
    access="write",
    answers={200: models.UploadOutcomes},
    long_body=True,
)
async def request_uploads(
    request: web.Request, run_id: str, query: InProject, body: models.NewUploads
) -> models.UploadOutcomes:
    """Ask for many uploads at once. Each has its own outcome, in the order given."""
    run = await run_at(request, run_id, query.project)
    found = await intake.outcomes([intake.ask(request, run.fileset_id, each) for each in body.files])
    return models.UploadOutcomes.model_construct(
        items=[models.UploadOutcome.model_construct(upload=one, problem=problem) for one, problem in found]
    )


@operations.add(
    "POST",
    "/runs/{run_id}/files:register",
    access="write",
    answers={200: models.FileOutcomes},
    long_body=True,
)
async def register_files(
    request: web.Request, run_id: str, query: InProject, body: models.Registrations
) -> models.FileOutcomes:
    """Make many files visible at once. Each has its own outcome, in the order given."""
    run = await run_at(request, run_id, query.project)
    owner = Owner(run.fileset_id, run.name)
    found = await intake.outcomes([intake.register(request, owner, each) for each in body.uploads])
    return models.FileOutcomes.model_construct(
        items=[
            models.FileOutcome.model_construct(file=None if one is None else one.model, problem=problem)
            for one, problem in found
        ]
    )


@operations.add(
    "PUT", "/runs/{run_id}/files", access="write", answers={201: File, 200: File}, raw_body=OCTETS
)
async def put_file(request: web.Request, run_id: str, query: models.RunPutQuery) -> Answer:
    """Send and register a file in one request.

    For small ones, and for whoever cannot know size or hash before.
    """
    run = await run_at(request, run_id, query.project)
    return await intake.put(request, Owner(run.fileset_id, run.name), query)


@operations.add(
    "POST",
    "/runs/{run_id}/files:put",
    access="write",
    answers={200: models.FileOutcomes},
    raw_body=OCTETS,
)
async def put_files(request: web.Request, run_id: str, query: InProject) -> models.FileOutcomes:
    """Send and register many small files in one request. Each has its own outcome, in the order given.

    The body is a line of JSON, {"files": [{"path": ..., "size": ..., "sha256": ..., "md5"?, "content_type"?},
    ...]}, and behind its newline the bytes of all files, one after the other.
    """
    run = await run_at(request, run_id, query.project)
    return await many.put_all(request, Owner(run.fileset_id, run.name))


async def _upload(request: web.Request, upload_id: str) -> Upload:
    upload = await uploads.by_id(database(request), upload_id)
    what = f"upload {upload_id}"
    if upload is None:
        raise Problem("not-found", f"There is no {what}.")
    await fileset_of(request, upload.fileset_id, what)
    return upload


@operations.add("GET", "/uploads/{upload_id}", access="write", answers={200: models.Upload})
async def get_upload(request: web.Request, upload_id: str) -> models.Upload:
    """Learn what of an upload is still to be sent, with fresh URLs.

    Whoever was interrupted goes on from there.
    """
    upload = await _upload(request, upload_id)
    if upload.state == "aborted":
        raise Problem("conflict", "This upload was given up; ask for a new one.")
    return await intake.described(request, upload)


@operations.add("PATCH", "/uploads/{upload_id}", access="write", answers={200: models.Upload})
async def tell_upload(request: web.Request, upload_id: str, body: models.Told) -> models.Upload:
    """Tell the hash of a file in parts that is hashed while it is sent.

    Its bytes may be here already: the answer is then another upload, to be registered, and the first one is
    over.
    """
    await _upload(request, upload_id)
    told = await request.app[STATE].uploads.tell(
        upload_id, bytes.fromhex(body.sha256), reads=key_of(request).project_id
    )
    return await intake.described(request, told)


@operations.add("DELETE", "/uploads/{upload_id}", access="write", answers={204: None})
async def abort_upload(request: web.Request, upload_id: str) -> None:
    """Give up an upload; what came of it is thrown away."""
    await _upload(request, upload_id)
    await request.app[STATE].uploads.abort(upload_id)
