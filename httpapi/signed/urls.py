"""The signed URLs that we hand out, and the check of those that come back."""

import time
from urllib.parse import urlencode

from aiohttp import web

from httpapi.auth import derived
from httpapi.operations import PREFIX
from httpapi.problems import Problem
from httpapi.signed.signature import is_good, signature
from httpapi.state import STATE
from store.catalog.rows import Upload, Version


def upload_url(request: web.Request, upload: Upload, part: int | None = None) -> str:
    """Where the bytes of an upload, or of one of its parts, are to be PUT."""
    query = {} if part is None else {"part": part}
    return _signed(request, "PUT", f"/signed/uploads/{upload.id}", upload_subject(upload, part), query)


def download_url(request: web.Request, version: Version) -> str:
    """Where the bytes of a version can be had."""
    return _signed(request, "GET", f"/signed/versions/{version.id}", version_subject(version.id), {})


def upload_subject(upload: Upload, part: int | None) -> str:
    """What a PUT is good for.

    This upload (or part) and no other, with the size and hash that it was asked for. The hash of what comes
    in parts may be told while they are sent: it is for the whole.
    """
    sha256 = "" if part or upload.sha256 is None else upload.sha256.hex()
    return f"upload {upload.id} part {part or 0} size {upload.size} sha256 {sha256}"


def version_subject(version_id: int) -> str:
    """What a GET is good for: one version, whose content never changes but by appends."""
    return f"version {version_id}"


def check(request: web.Request, method: str, subject: str, expires: str, given: str) -> None:
    """Problem unless the URL's signature covers this and its time has not come."""
    if not is_good(_secret(request), method, subject, expires, given, time.time()):
        raise Problem("forbidden", "This signed URL is wrong or its time is over; ask for a new one.")


def base_url(request: web.Request) -> str:
    """The address of this server as its client knows it, without a slash at the end."""
    return request.app[STATE].settings.public_url or f"{request.scheme}://{request.host}"


def _signed(request: web.Request, method: str, path: str, subject: str, query: dict[str, int]) -> str:
    expires = int(time.time()) + request.app[STATE].settings.link_s
    values = {**query, "expires": expires, "signature": signature(_secret(request), method, subject, expires)}
    return f"{base_url(request)}{PREFIX}{path}?{urlencode(values)}"


def _secret(request: web.Request) -> bytes:
    return derived(request.app[STATE].catalog.secret, "signed urls")
