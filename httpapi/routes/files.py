"""Files of runs: listed, described, restored, appended to, deleted."""

import base64
from collections.abc import AsyncIterator

from aiohttp import web

from httpapi import audit
from httpapi.auth import allows
from httpapi.cursors import cursor_of, place_of
from httpapi.models import files as models
from httpapi.models.fields import InProject, bytes_or_none
from httpapi.operations import Operations
from httpapi.problems import Problem
from httpapi.reach import FileAt, database, file_at, fileset_of, key_of, run_at
from httpapi.state import STATE
from store import strict_json
from store.blobs import Expected
from store.catalog import artifacts, entries, files, filesets, listing, runs, versions
from store.catalog.listing import Filter, Found, Order
from store.catalog.rows import Entry, Fileset, Version
from store.catalog.session import Value

operations = Operations("files")
DELETED_AT_ONCE = 200  # in one transaction: 20 ms, for which others wait


@operations.add("GET", "/runs/{run_id}/files", access="read", answers={200: models.FileList})
async def list_files(request: web.Request, run_id: str, query: models.FileQuery) -> models.FileList:
    """List a run's files, with the totals of the whole run."""
    run = await run_at(request, run_id, query.project)
    fileset = await fileset_of(request, run.fileset_id, f"run {run_id}")
    return await file_list(request, fileset, query, run.name, None)


async def file_list(
    request: web.Request,
    fileset: Fileset,
    query: models.ArtifactFileQuery,
    run_id: str | None,
    artifact_id: int | None,
) -> models.FileList:
    """A page of the files of a run or of an artifact."""
    order = Order(query.sort, query.order == "desc")
    name = f"files {query.sort} {query.order}"
    after: tuple[Value, int] | None = None
    if query.cursor is not None:
        place, entry_id = place_of(query.cursor, name, (int if query.sort in _NUMBERS else str, int))
        after = place, int(entry_id or 0)
    which = Filter(glob=query.glob, content_type=query.type, text=query.text)
    db = request.app[STATE].catalog.read
    rows = await listing.files(db, fileset.id, which, order, query.limit + 1, after=after)
    page = rows[: query.limit]
    cursor = None
    if len(rows) > len(page):
        key, entry_id = listing.position(page[-1], order)
        cursor = cursor_of(name, [key, entry_id])
    return models.FileList.model_construct(
        items=[document(row, run_id, artifact_id) for row in page],
        next_cursor=cursor,
        total_count=fileset.files,
        total_bytes=fileset.bytes,
    )


def document(found: Found, run_id: str | None, artifact_id: int | None) -> models.File:
    """The document of a file as the list gives it."""
    assert found.version is not None
    return models.File.of(found.entry, found.version, found.versions, run_id, artifact_id)


@operations.add("GET", "/runs/files/{file_id}", access="read", answers={200: models.File})
async def get_file(request: web.Request, file_id: int) -> models.File:
    """Describe a file."""
    at = await file_at(request, file_id)
    return await file_document(request, at.entry, at.version)


async def file_document(request: web.Request, entry: Entry, version: Version) -> models.File:
    """The document of a file, whosever it is."""
    db = database(request)
    run = await runs.by_fileset(db, entry.fileset_id)
    artifact = None if run is not None else await artifacts.by_fileset(db, entry.fileset_id)
    return models.File.of(
        entry,
        version,
        await versions.count(db, entry.id),
        None if run is None else run.name,
        None if artifact is None else artifact.id,
    )


@operations.add("PATCH", "/runs/files/{file_id}", access="write", answers={200: models.File})
async def change_file(request: web.Request, file_id: int, body: models.FilePatch) -> models.File:
    """Change a file's description or tags."""
    at = await file_at(request, file_id)
    tags = None if body.tags is None else strict_json.dumps(body.tags)
    listed = await request.app[STATE].catalog.write(
        lambda tx: files.describe(tx, at.entry.id, body.description, tags)
    )
    return await file_document(request, listed.entry, listed.version or at.version)


@operations.add("GET", "/runs/files/{file_id}/versions", access="read", answers={200: models.VersionList})
async def list_versions(request: web.Request, file_id: int) -> models.VersionList:
    """List what the file was and is, newest first; each can be downloaded with ?version=."""
    at = await file_at(request, file_id)
    kept = await versions.of_entry(database(request), at.entry.id)
    return models.VersionList.model_construct(
        items=[models.Version.of(version, at.entry.version_id) for version in kept]
    )


@operations.add(
    "POST", "/runs/files/{file_id}/versions/{number}:restore", access="write", answers={200: models.File}
)
async def restore_version(request: web.Request, file_id: int, number: int) -> models.File:
    """Let the file be again what it was: a new version with the same content, at no cost in bytes."""
    at = await file_at(request, file_id)
    published = await request.app[STATE].uploads.restore(at.entry.id, number)
    audit.record(request, "upload", file=at.entry.path, size=published.version.size)
    return await file_document(request, published.entry, published.version)


@operations.add(
    "POST", "/runs/files/{file_id}:append", access="write", answers={200: models.File}, long_body=True
)
async def append_file(request: web.Request, file_id: int, body: models.Tail) -> models.File:
    """Let a file grow. A conflict when it does not end at `offset`; its document then tells where it does."""
    at = await file_at(request, file_id)
    try:
        data = base64.b64decode(body.bytes, validate=True)
    except ValueError:
        raise Problem("invalid", "body.bytes is not Base64 (RFC 4648 s4).") from None

    expected = Expected(len(data), bytes_or_none(body.sha256))
    grown = await request.app[STATE].uploads.append(at.entry.id, body.offset, _only(data), expected)
    audit.record(request, "upload", file=at.entry.path, size=len(data))
    return await file_document(request, grown.entry, grown.version or at.version)


@operations.add("DELETE", "/runs/files/{file_id}", access="write", answers={204: None})
async def delete_file(request: web.Request, file_id: int) -> None:
    """Delete a file with all its versions."""
    at: FileAt = await file_at(request, file_id)
    await request.app[STATE].uploads.delete([file_id])
    audit.record(request, "delete", file=at.entry.path, size=at.version.size)


@operations.add("POST", "/runs/{run_id}/files:delete", access="write", answers={200: models.Deleted})
async def delete_files(
    request: web.Request, run_id: str, query: InProject, body: models.Deletion
) -> models.Deleted:
    """Delete many files of a run, by id or by glob. Ids that are gone already are passed over."""
    run = await run_at(request, run_id, query.project)
    if (body.ids is None) == (body.glob is None):
        raise Problem("invalid", "Give ids or glob, one of the two.")
    if body.ids is not None:
        ids = await _own_ids(request, run.fileset_id, body.ids)
    else:
        ids = await _matching_ids(request, run.fileset_id, body.glob or "")
    count, size = 0, 0
    for at in range(0, len(ids), DELETED_AT_ONCE):
        for gone in await request.app[STATE].uploads.delete(ids[at : at + DELETED_AT_ONCE]):
            count += 1
            size += 0 if gone.version is None else gone.version.size
            audit.record(request, "delete", file=gone.entry.path)
    return models.Deleted(deleted=count, bytes=size)


async def _only(data: bytes) -> AsyncIterator[bytes]:
    yield data


async def _own_ids(request: web.Request, fileset_id: int, ids: list[int]) -> list[int]:
    """The ids that name files of this run; what the key may not read is as what is gone.

    Problem for one of a directory or of another run: nothing is deleted.
    """
    own = []
    for file_id in dict.fromkeys(ids):
        listed = await entries.by_id(database(request), file_id)
        if listed is None or not await _is_readable(request, listed.entry.fileset_id):
            continue
        if listed.entry.fileset_id != fileset_id or listed.version is None:
            raise Problem("not-found", f"There is no file {file_id} in this run; nothing was deleted.")
        own.append(file_id)
    return own


async def _is_readable(request: web.Request, fileset_id: int) -> bool:
    fileset = await filesets.by_id(database(request), fileset_id)
    return fileset is not None and allows(key_of(request), "read", fileset.project_id)


async def _matching_ids(request: web.Request, fileset_id: int, glob: str) -> list[int]:
    db = request.app[STATE].catalog.read
    order, which = Order("path"), Filter(glob=glob)
    ids: list[int] = []
    after = None
    while rows := await listing.files(db, fileset_id, which, order, models.IDS_MAX, after=after):
        ids += [row.entry.id for row in rows]
        after = listing.position(rows[-1], order)
    return ids


_NUMBERS = ("size", "created", "versions")
