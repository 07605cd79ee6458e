"""What the local store's signed URLs lead to. The signature is all that is asked for: no key comes here."""

from aiohttp import web

from httpapi.content import CONDITIONS, content_response
from httpapi.intake import OCTETS, body_chunks
from httpapi.models.signed import Received, SignedGet, SignedPut
from httpapi.operations import Operations
from httpapi.problems import Problem
from httpapi.signed.urls import check, upload_subject, version_subject
from httpapi.state import STATE
from store.blobs import Stored
from store.catalog import Session, entries, keys, uploads, versions
from store.catalog.rows import Upload

operations = Operations("signed")


@operations.add("PUT", "/signed/uploads/{upload_id}", access=None, answers={200: Received}, raw_body=OCTETS)
async def put_upload(request: web.Request, upload_id: str, query: SignedPut) -> Received:
    """Take the bytes of an upload, or of one part.

    They are durable when this is answered, and not yet visible.
    """
    state = request.app[STATE]
    upload = await uploads.by_id(state.catalog.direct, upload_id)
    if upload is None:
        raise Problem("forbidden", "This signed URL is wrong or its time is over; ask for a new one.")
    check(request, "PUT", upload_subject(upload, query.part), query.expires, query.signature)
    await _check_asker(state.catalog.direct, upload)
    stored = await state.uploads.receive(upload_id, query.part, body_chunks(request))
    if isinstance(stored, Stored):
        return Received.of(stored.size, stored.sha256, stored.md5)
    return Received.of(stored.size, None, None)


async def _check_asker(db: Session, upload: Upload) -> None:
    """Problem when the key that asked for an upload was revoked since: its URLs die with it."""
    key = None if upload.key_id is None else await keys.by_id(db, upload.key_id)
    if upload.key_id is not None and (key is None or key.revoked_ns is not None):
        raise Problem("forbidden", "The key that asked for this upload was revoked.")


@operations.add(
    "GET",
    "/signed/versions/{version_id}",
    access=None,
    answers={200: OCTETS, 206: OCTETS, 304: None},
    headers=CONDITIONS,
)
async def get_version(request: web.Request, version_id: int, query: SignedGet) -> web.StreamResponse:
    """Give the bytes of a version, as GET /runs/files/{file_id}/content does."""
    check(request, "GET", version_subject(version_id), query.expires, query.signature)
    db = request.app[STATE].catalog.direct
    version = await versions.by_id(db, version_id)
    listed = None if version is None else await entries.by_id(db, version.entry_id)
    if version is None or version.retired_ns is not None or listed is None:
        raise Problem("not-found", "This version of the file is gone.")
    return await content_response(request, version, listed.entry.name, inline=False)
