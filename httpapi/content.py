"""The bytes of a version of a file as an answer: whole, in part, or "you have it" (RFC 9110 s13, s14).

Its strong ETag is the content's SHA-256. Local blobs go out by sendfile, remote ones a chunk at a time:
nothing is ever held but one chunk. What users saved is hostile to browsers until proven otherwise: it is
saved and not shown, or shown in a sandbox that runs nothing.
"""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from email.utils import formatdate

from aiohttp import web

from httpapi.disposition import content_disposition
from httpapi.door import METRICS
from httpapi.problems import Problem
from httpapi.ranges import Part, Unsatisfiable, chosen_part, tag_matches
from httpapi.sendfile import can_send_files, send_file
from httpapi.state import STATE, State
from store.blobs.disk import open_for_reading
from store.catalog import versions
from store.catalog.rows import Version
from store.catalog.versions import Extent
from store.errors import Absent, Damaged, Unavailable

CHUNK_BYTES = 1 << 20
PATIENCE_S = 30.0  # with a remote store that fails in the midst of an answer
SMALL_BYTES = 1 << 16  # sent in one write with its headers
# What of a request decides which bytes it is answered with.
CONDITIONS = {
    "Range": "bytes=0-99, bytes=100- or bytes=-100: one range, answered with 206. Others are ignored.",
    "If-Range": "An ETag: where the content is another one by now, Range is ignored.",
    "If-Match": "ETags: 412 if the content has none of them.",
    "If-None-Match": "ETags: 304 if the content has one of them.",
}
SANDBOX = "sandbox; default-src 'none'; img-src 'self' data:; media-src 'self'; style-src 'unsafe-inline'"


def etag_of(version: Version) -> str:
    """The strong ETag of a version: its hash; while it grows, what changes with each append."""
    if version.sha256 is not None:
        return f'"{version.sha256.hex()}"'
    return f'"{version.id}-{version.size}-{version.changed_ns}"'


async def content_response(
    request: web.Request, version: Version, name: str, inline: bool, policy: str = SANDBOX
) -> web.StreamResponse:
    """Answer a GET or HEAD for a version's bytes, under the name it is to be saved as.

    `policy` is the Content-Security-Policy of what a browser shows of it.
    """
    etag = etag_of(version)
    headers = _headers(version, name, inline, etag) | {"Content-Security-Policy": policy}
    if request.headers.get("If-Match") is not None and not tag_matches(
        request.headers["If-Match"], etag, weak=False
    ):
        raise Problem(
            "precondition-failed", "The file has another version than If-Match asks for.", {"ETag": etag}
        )
    if tag_matches(request.headers.get("If-None-Match"), etag, weak=True):
        del headers["Content-Type"]
        return web.Response(status=304, headers=headers)
    try:
        part = chosen_part(version.size, request.headers.get("Range"), request.headers.get("If-Range"), etag)
    except Unsatisfiable:
        raise Problem(
            "range", f"The file has {version.size} bytes.", {"Content-Range": f"bytes */{version.size}"}
        ) from None
    if part.partial:
        headers["Content-Range"] = f"bytes {part.start}-{part.stop - 1}/{version.size}"
    return await _answer(request, version, part, headers)


def _headers(version: Version, name: str, inline: bool, etag: str) -> dict[str, str]:
    content_type = version.content_type
    if content_type.startswith("text/") and "charset" not in content_type:
        content_type += "; charset=utf-8"
    return {
        "Content-Type": content_type,
        "Content-Disposition": content_disposition("inline" if inline else "attachment", name),
        "ETag": etag,
        "Last-Modified": formatdate(version.changed_ns // 1_000_000_000, usegmt=True),
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, no-cache",
    }


async def _answer(
    request: web.Request, version: Version, part: Part, headers: dict[str, str]
) -> web.StreamResponse:
    status = 206 if part.partial else 200
    state = request.app[STATE]
    if request.method == "HEAD":
        head = web.StreamResponse(status=status, headers=headers)
        head.content_length = part.count
        return head
    request.app[METRICS].sent(part.count)
    if part.count <= SMALL_BYTES:
        body = b"".join(
            [bytes(chunk) async for chunk in version_chunks(state, version, part.start, part.stop)]
        )
        return web.Response(status=status, headers=headers, body=body)
    await ask_ahead(state, version, part.start, part.stop)
    stream = web.StreamResponse(status=status, headers=headers)
    stream.content_length = part.count
    await stream.prepare(request)
    await _send(request, stream, version, part)
    await stream.write_eof()
    return stream


async def ask_ahead(state: State, version: Version, start: int, stop: int) -> None:
    """Raise Damaged or Unavailable where the first bytes cannot be had: an answer that has begun cannot say
    so."""
    async for extent in _extents(state, version, start, stop):
        if state.blobs.path(extent.key) is not None:
            if (await state.blobs.size(extent.key) or 0) < extent.size:
                raise _cut_short(extent)
        else:
            await state.blobs.read(extent.key, start - extent.offset, 1, extent.size)
        return


async def version_chunks(
    state: State, version: Version, start: int, stop: int, patience_s: float = 0.0
) -> AsyncIterator[bytes | memoryview]:
    """The bytes of a version from `start` to `stop`, CHUNK_BYTES or less at a time.

    Segments may be merged while this reads: then it looks again where the bytes are. Raises Damaged when they
    are nowhere, Unavailable when a remote store fails for `patience_s`: nothing else is ever given in their
    place.
    """
    at = start
    async for extent in _extents(state, version, start, stop):
        first, last = at - extent.offset, min(stop - extent.offset, extent.size)
        view = state.blobs.view(extent.key)
        for begin in range(first, last, CHUNK_BYTES):
            end = min(begin + CHUNK_BYTES, last)
            piece = (
                view[begin:end]
                if view is not None
                else await _patiently(state, extent, begin, end - begin, patience_s)
            )
            if len(piece) != end - begin:
                raise _cut_short(extent)
            yield piece
        at = extent.offset + last


async def _patiently(state: State, extent: Extent, offset: int, count: int, patience_s: float) -> bytes:
    """Bytes of a remote blob; a store that fails is asked again for a while."""
    end = time.monotonic() + patience_s
    while True:
        try:
            return await state.blobs.read(extent.key, offset, count, extent.size)
        except Absent as error:
            raise _cut_short(extent) from error
        except Unavailable as error:
            if time.monotonic() + error.retry_after_s > end:
                raise
            await asyncio.sleep(error.retry_after_s)


async def _send(request: web.Request, stream: web.StreamResponse, version: Version, part: Part) -> None:
    """Send a part segment by segment: past us where it is in a file here, else through memory."""
    state = request.app[STATE]
    at = part.start
    async for extent in _extents(state, version, part.start, part.stop):
        first, last = at - extent.offset, min(part.stop - extent.offset, extent.size)
        at = extent.offset + last
        path = state.blobs.path(extent.key)
        transport = request.transport
        if transport is None:
            raise ConnectionResetError("the client has gone")
        if path is None or not can_send_files(transport):
            async for chunk in version_chunks(state, version, extent.offset + first, at, PATIENCE_S):
                await stream.write(chunk)
            continue
        with open_for_reading(path) as file:
            if os.fstat(file.fileno()).st_size < last:
                raise _cut_short(extent)
            await send_file(transport, file, first, last - first)


async def _extents(state: State, version: Version, start: int, stop: int) -> AsyncIterator[Extent]:
    """The extents that hold these bytes; looked up again where those known are gone when their turn comes."""
    db = state.catalog.direct
    at = start
    while at < stop:
        found = await versions.extents_in(db, version.id, at, stop - at)
        if not found or found[0].offset > at:
            raise Damaged(f"bytes {at} and on of version {version.id} are lost; run `runfs fsck`")
        for extent in found:
            path = state.blobs.path(extent.key)
            if path is not None and extent is not found[0] and not path.exists():
                break  # merged with its neighbours since the look-up
            yield extent
            at = extent.offset + extent.size


def _cut_short(extent: Extent) -> Damaged:
    return Damaged(f"the blob {extent.key} is lost or shorter than the catalog says; run `runfs fsck`")
