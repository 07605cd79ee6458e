"""The application: every route behind the one door.

The Files page (httpapi.page) plugs into it: it adds its own aiohttp routes, finds the signed-in key as
`request.get(KEY)` (None: nobody), signs in and out through `request.app[STATE].auth`, and sets ERROR_PAGE.
"""

import json
from functools import cache

from aiohttp import web

from httpapi.auth import Auth
from httpapi.binding import bound
from httpapi.bodies import HELD, Held, expected
from httpapi.connections import CONNECTIONS, Connections, most_connections
from httpapi.door import METRICS, door, set_headers
from httpapi.metrics import Metrics
from httpapi.openapi import document
from httpapi.operations import Operation
from httpapi.page import add_pages
from httpapi.routes import (
    artifacts,
    collecting,
    collections,
    content,
    files,
    health,
    keys,
    lines,
    projects,
    runs,
    sweeps,
)
from httpapi.routes import uploads as arriving
from httpapi.settings import Settings
from httpapi.signed import routes as signed
from httpapi.state import STATE, State
from store.blobs import Blobs
from store.catalog import Catalog
from store.uploads import Uploads

SUBJECTS = (
    *(projects, runs, lines, arriving, files, content, sweeps, artifacts, collections, keys, health),
    collecting,
    signed,
)


def all_operations() -> list[Operation]:
    """Every declared route, in the order of the document."""
    return [operation for subject in SUBJECTS for operation in subject.operations.all]


@cache
def _document() -> bytes:
    """The OpenAPI document as it is sent. Made when first asked for: it takes half a second."""
    described = document(all_operations(), health.own_version())
    return json.dumps(described, ensure_ascii=False, separators=(",", ":")).encode()


def build(
    catalog: Catalog, blobs: Blobs, uploads: Uploads, settings: Settings | None = None
) -> web.Application:
    """The application over an open store. It owns none of the three: whoever opened them closes them."""
    settings = settings or Settings()
    # Each route has its own limit (httpapi.binding), so aiohttp's is off.
    app = web.Application(middlewares=[door], client_max_size=0)
    app[STATE] = State(catalog, blobs, uploads, settings, Auth(catalog, settings.session_s))
    app[METRICS] = Metrics(settings.registry)
    app[CONNECTIONS] = Connections(settings.connections_max or most_connections())
    app[HELD] = Held(settings.bodies_max_bytes)
    app.on_response_prepare.append(set_headers)
    operations = all_operations()
    for operation in operations:
        app.router.add_route(operation.method, operation.pattern, bound(operation), expect_handler=expected)
        if operation.method == "GET":
            app.router.add_route("HEAD", operation.pattern, bound(operation))
    source: health.DocumentSource = _document
    app[health.DOCUMENT] = source
    add_pages(app)
    return app
