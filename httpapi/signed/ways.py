"""Where clients send bytes to and get them from.

A store that signs URLs of its own (S3) takes and gives bytes itself, when size and hash are known beforehand:
they are signed in, of a part its size. Else, and always for browsers, whose pages may speak to us alone, the
bytes pass through here.
"""

from aiohttp import web

from httpapi.disposition import content_disposition
from httpapi.signed.urls import download_url, upload_url
from httpapi.state import STATE
from store.blobs import Expected, Signed
from store.catalog import versions
from store.catalog.rows import Upload, Version


def way_in(request: web.Request, upload: Upload) -> Signed:
    """How the bytes of an upload are to be sent."""
    state = request.app[STATE]
    signed = None
    if upload.size is not None and upload.sha256 is not None and not _is_browser(request):
        expected = Expected(upload.size, upload.sha256, upload.md5)
        signed = state.blobs.sign_put(upload.blob_key, expected, state.settings.link_s)
    return signed or Signed(upload_url(request, upload), "PUT", {})


def way_in_for_part(request: web.Request, upload: Upload, number: int, size: int) -> Signed:
    """How one part of an upload is to be sent; the whole is verified when all are there."""
    state = request.app[STATE]
    signed = None
    if upload.multipart_id is not None and not _is_browser(request):
        signed = state.blobs.sign_piece(
            upload.blob_key, upload.multipart_id, number, size, state.settings.link_s
        )
    return signed or Signed(upload_url(request, upload, number), "PUT", {})


async def way_out(request: web.Request, version: Version, name: str) -> Signed:
    """How the bytes of a version can be had, to be saved under that name."""
    state = request.app[STATE]
    signed = None
    extents = await versions.extents(state.catalog.direct, version.id)
    if len(extents) == 1 and not _is_browser(request):
        headers = {
            "Content-Type": version.content_type,
            "Content-Disposition": content_disposition("attachment", name),
        }
        signed = state.blobs.sign_get(extents[0].key, headers, state.settings.link_s)
    return signed or Signed(download_url(request, version), "GET", {})


def _is_browser(request: web.Request) -> bool:
    return "Authorization" not in request.headers
