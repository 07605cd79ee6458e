"""The bytes of files: one file's, a signed URL for them, or an archive of many."""

from collections.abc import AsyncIterable, AsyncIterator

from aiohttp import web

from httpapi.content import CONDITIONS, PATIENCE_S, ask_ahead, content_response, version_chunks
from httpapi.disposition import content_disposition
from httpapi.door import METRICS
from httpapi.models.files import ArchiveQuery, ContentQuery, DownloadUrl, VersionQuery
from httpapi.operations import Operations
from httpapi.problems import Problem
from httpapi.reach import FileAt, database, file_at, run_at
from httpapi.signed.ways import way_out
from httpapi.state import STATE
from httpapi.zip_stream import Archive
from store.catalog import entries, listing, versions
from store.catalog.listing import Filter, Order
from store.catalog.rows import Entry, Version

operations = Operations("content")
OCTETS = "application/octet-stream"
ZIP = "application/zip"
LISTED_AT_ONCE = 1000


@operations.add(
    "GET",
    "/runs/files/{file_id}/content",
    access="read",
    answers={200: OCTETS, 206: OCTETS, 304: None},
    headers=CONDITIONS,
)
async def get_content(request: web.Request, file_id: int, query: ContentQuery) -> web.StreamResponse:
    """Give a file's bytes: all, a Range of them, or 304 when If-None-Match has their ETag, the SHA-256."""
    at = await file_at(request, file_id)
    version = await _version(request, at, query.version)
    return await content_response(request, version, at.entry.name, query.inline)


@operations.add("GET", "/runs/files/{file_id}/download-url", access="read", answers={200: DownloadUrl})
async def get_download_url(request: web.Request, file_id: int, query: VersionQuery) -> DownloadUrl:
    """Give a URL that is good for these bytes without a key, for a while."""
    at = await file_at(request, file_id)
    version = await _version(request, at, query.version)
    url, _, headers = await way_out(request, version, at.entry.name)
    return DownloadUrl(
        download_url=url,
        method="GET",
        headers=headers,
        expires_in=request.app[STATE].settings.link_s,
    )


@operations.add("GET", "/runs/{run_id}/files.zip", access="read", answers={200: ZIP})
async def get_archive(request: web.Request, run_id: str, query: ArchiveQuery) -> web.StreamResponse:
    """Give a run's files, all or those of a glob, as one archive, made while it is sent."""
    run = await run_at(request, run_id, query.project)
    members = members_of(request, run.fileset_id, Filter(glob=query.glob))
    return await archive_response(request, f"{run.name}.zip", members)


async def archive_response(
    request: web.Request, name: str, members: AsyncIterable[tuple[Entry, Version]]
) -> web.StreamResponse:
    """Stream an archive of files. What grows meanwhile is cut where it began.

    Damaged or Unavailable where the first bytes cannot be had; what is met later breaks the answer off.
    """
    response = web.StreamResponse(
        headers={"Content-Type": ZIP, "Content-Disposition": content_disposition("attachment", name)}
    )
    if request.method == "HEAD":
        return response
    state = request.app[STATE]
    counted = request.app[METRICS].sent
    rest = aiter(members)
    member = await anext(rest, None)
    if member is not None:
        await ask_ahead(state, member[1], 0, member[1].size)
    await response.prepare(request)
    with Archive() as archive:
        while member is not None:
            entry, version = member
            await response.write(archive.begin(entry.path, version.size, version.changed_ns))
            async for chunk in version_chunks(state, version, 0, version.size, PATIENCE_S):
                archive.take(chunk)
                counted(len(chunk))
                await response.write(chunk)
            await response.write(archive.finish())
            member = await anext(rest, None)
        for part in archive.end():
            await response.write(part)
    await response.write_eof()
    return response


async def members_of(
    request: web.Request, fileset_id: int, which: Filter
) -> AsyncIterator[tuple[Entry, Version]]:
    """The files that go into an archive, by path, each as it is when its turn comes.

    What is gone by then is left out.
    """
    db = request.app[STATE].catalog.read
    order = Order("path")
    after = None
    while rows := await listing.files(db, fileset_id, which, order, LISTED_AT_ONCE, after=after):
        for row in rows:
            now = await entries.by_id(database(request), row.entry.id)
            if now is not None and now.version is not None:
                yield now.entry, now.version
        after = listing.position(rows[-1], order)


async def _version(request: web.Request, at: FileAt, number: int | None) -> Version:
    """The version of a file that is asked for; the current one without a number."""
    if number is None or number == at.version.number:
        return at.version
    version = await versions.by_number(database(request), at.entry.id, number)
    if version is None or version.retired_ns is not None:
        raise Problem("not-found", f"The file has no version {number}, or not any more.")
    return version
