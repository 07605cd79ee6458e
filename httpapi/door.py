"""The one middleware: every request, whatever its route, comes in and goes out through here.

In: host and origin are checked, the key is found. Out: whatever was raised becomes a problem document (or the
Files page's own error page), safe headers are set, the answer is counted, and refusals for want of a right
are audited.
"""

import logging
import time
from collections.abc import Awaitable, Callable

from aiohttp import web

from httpapi import audit
from httpapi.bodies import HELD, waits
from httpapi.connections import CONNECTIONS
from httpapi.hosts import SAFE_METHODS, check_host, check_origin, check_target
from httpapi.metrics import Metrics
from httpapi.problems import Problem, problem_of
from httpapi.state import KEY, STATE

log = logging.getLogger(__name__)

METRICS = web.AppKey("metrics", Metrics)
# Addresses that programs ask: what is refused there is always a problem document.
FOR_PROGRAMS = ("/api/", "/healthz", "/readyz", "/metrics")
FROM_PAGES = frozenset({"GET", "HEAD", "POST"})
# How the Files page shows a refusal, for all other addresses; set by whoever registers pages.
ErrorPage = Callable[[web.Request, Problem], web.StreamResponse]
ERROR_PAGE: web.AppKey[ErrorPage] = web.AppKey("error_page")

# Set once the answer's headers are out: from then on it can only be broken off.
STARTED = web.RequestKey("started", web.StreamResponse)

OPEN_PATHS = frozenset({"/healthz", "/readyz"})  # asked by probes, under whatever name they use
AUDITED = frozenset({401, 403, 421})
# A change that is made in spite of its condition is one that nobody wanted (RFC 9110 s13.1).
CONDITIONS = ("If-Match", "If-None-Match", "If-Unmodified-Since")
# For answers that are not pages: nothing in them may run, be framed or be read by other sites.
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "SAMEORIGIN",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
}
SERVER = {"Server": "runfs"}  # and not the names and versions of what it is made of

Next = Callable[[web.Request], Awaitable[web.StreamResponse]]


@web.middleware
async def door(request: web.Request, handler: Next) -> web.StreamResponse:
    """Check, run the route, answer for what it raises."""
    started = time.perf_counter()
    connections = request.app[CONNECTIONS]
    connections.head_came(request.protocol)
    try:
        if request.path not in OPEN_PATHS:
            await _admit(request)
        response = await handler(request)
    except web.HTTPRedirection as redirect:  # of the Files page
        request.app[METRICS].answered(request, redirect.status, time.perf_counter() - started)
        raise
    except Exception as error:
        response = _refusal(request, error)
    finally:
        connections.answered(request.protocol)
        request.app[HELD].leave(request)
    request.app[METRICS].answered(request, response.status, time.perf_counter() - started)
    return response


async def set_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Before an answer's headers leave: add the safe ones that the route did not set itself."""
    request[STARTED] = response
    headers = response.headers
    headers.update(SERVER)
    for name, value in HEADERS.items():
        if name not in headers:
            headers[name] = value


async def _admit(request: web.Request) -> None:
    state = request.app[STATE]
    transport = request.transport
    local = transport.get_extra_info("sockname") if transport is not None else None
    host = check_host(request.headers, state.settings.hosts, local[0] if isinstance(local, tuple) else None)
    check_target(request.raw_path, host)
    check_origin(request.method, host, request.headers)
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise Problem("media-type", "Bodies are taken as they are, without Content-Encoding.")
    if request.method not in SAFE_METHODS:
        _check_whole(request)
    key = await state.auth.key_of(request)
    if key is not None:
        request[KEY] = key


def _check_whole(request: web.Request) -> None:
    """Problem when a change is to be made on a condition, or to a part of a file: neither would be heeded."""
    for name in CONDITIONS:
        if name in request.headers:
            raise Problem("precondition-failed", f"Changes take no conditions: send this without {name}.")
    if "Content-Range" in request.headers:
        raise Problem(
            "malformed", "A part of a file cannot be replaced: send all of it without Content-Range."
        )


def _refusal(request: web.Request, error: Exception) -> web.StreamResponse:
    problem = problem_of(error)
    if problem.kind == "internal" and not isinstance(error, ConnectionError):
        log.error("%s %s failed", request.method, request.path, exc_info=error)
    started: web.StreamResponse | None = request.get(STARTED)
    if started is not None:
        # Half an answer is out: the client must see it break off, and not take it for the whole.
        if request.transport is not None:
            request.transport.abort()
        return started
    if problem.status in AUDITED:
        audit.record(request, "refused", status=problem.status, reason=problem.detail)
    show = request.app.get(ERROR_PAGE)
    is_for_people = request.method in FROM_PAGES and not request.path.startswith(FOR_PROGRAMS)
    if show is not None and is_for_people:
        return show(request, problem)
    response = problem.response()
    if waits(request):  # its next bytes may be the body all the same, or another request: nobody could say
        response.force_close()
    return response
