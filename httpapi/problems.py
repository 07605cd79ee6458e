"""Refusals: problem documents of RFC 9457, the only form in which the HTTP side says no.

A kind's slug is stable and ends the document's `type`; the detail says what is wrong and what to do.
"""

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from aiohttp import web

from store import errors

TYPE_PREFIX = "urn:runfs:problem:"
MEDIA_TYPE = "application/problem+json"

KINDS: dict[str, tuple[int, str]] = {
    "malformed": (400, "The request cannot be read"),
    "unauthenticated": (401, "A valid API key is needed"),
    "forbidden": (403, "This key may not do that"),
    "not-found": (404, "There is no such thing"),
    "method-not-allowed": (405, "This address does not take that method"),
    "timeout": (408, "The request did not come to its end"),
    "conflict": (409, "The request does not fit what is there"),
    "precondition-failed": (412, "A condition of the request does not hold"),
    "too-large": (413, "The request is too large"),
    "media-type": (415, "The body is of a type that is not taken here"),
    "range": (416, "The range lies outside the file"),
    "expectation": (417, "The request expects what cannot be had"),
    "misdirected": (421, "This server does not answer to that host name"),
    "invalid": (422, "The request is well-formed but wrong"),
    "mismatch": (422, "The bytes are not those that were announced"),
    "head-too-large": (431, "The request's head is too large"),
    "internal": (500, "The server has a bug"),
    "damaged": (500, "The store has lost bytes"),
    "unavailable": (503, "The store is slow or failing"),
    "busy": (503, "There are too many connections or long requests"),
    "no-space": (507, "There is no space left"),
}
_BY_STATUS = {
    400: "malformed",
    404: "not-found",
    405: "method-not-allowed",
    413: "too-large",
    415: "media-type",
}
_BY_STORE_ERROR: dict[type[errors.StoreError], str] = {
    errors.Absent: "not-found",
    errors.Refused: "invalid",
    errors.Conflict: "conflict",
    errors.Mismatch: "mismatch",
    errors.Damaged: "damaged",
    errors.Unavailable: "unavailable",
    errors.NoSpace: "no-space",
}


class Problem(Exception):
    """A refusal on its way out. `members` are further fields of the document, as RFC 9457 s3.2 allows."""

    def __init__(
        self, kind: str, detail: str, headers: Mapping[str, str] | None = None, **members: Any
    ) -> None:
        super().__init__(detail)
        self.kind = kind
        self.status, self.title = KINDS[kind]
        self.detail = detail
        self.headers = dict(headers or {})
        self.members = members

    def document(self) -> dict[str, Any]:
        """The problem document, ready for JSON."""
        return {
            "type": TYPE_PREFIX + self.kind,
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            **self.members,
        }

    def response(self) -> web.Response:
        """The document as a response."""
        response = web.Response(
            status=self.status,
            headers=self.headers,
            body=json.dumps(self.document(), ensure_ascii=False).encode("utf-8", "backslashreplace"),
            content_type=MEDIA_TYPE,
        )
        if self.kind == "timeout":  # the rest of the request may come yet, and would be taken for another
            response.force_close()
        return response


def problem_of(error: Exception) -> Problem:
    """The refusal for any exception that left a route.

    A bug of ours becomes "internal", without its details.
    """
    if isinstance(error, Problem):
        return error
    if isinstance(error, errors.Unavailable):
        seconds = max(1, round(error.retry_after_s))
        return Problem("unavailable", str(error), {"Retry-After": str(seconds)})
    if isinstance(error, errors.StoreError):
        kind = next((kind for of, kind in _BY_STORE_ERROR.items() if isinstance(error, of)), "internal")
        return Problem(kind, str(error))
    if isinstance(error, web.HTTPException) and error.status in _BY_STATUS:
        return _of_router(error)
    return Problem("internal", "The server failed on this request; its log says more. Trying again may help.")


def _of_router(error: web.HTTPException) -> Problem:
    """What aiohttp itself refuses: an unknown address, a wrong method, a body that it cannot read."""
    kind = _BY_STATUS[error.status]
    if isinstance(error, web.HTTPMethodNotAllowed):
        allowed = ", ".join(sorted(error.allowed_methods))
        return Problem(kind, f"{error.method} is not taken here; these are: {allowed}.", {"Allow": allowed})
    if error.status == HTTPStatus.NOT_FOUND:
        return Problem(kind, "Nothing has this address. The API is described at /api/v1/openapi.json.")
    return Problem(kind, error.text or error.reason)
