"""API keys, for admins; and the one-time link with which `runfs open` signs a browser in."""

from urllib.parse import urlencode

from aiohttp import web

from httpapi import audit
from httpapi.auth import LINK_TTL_S, allows
from httpapi.cursors import cursor_of, place_of
from httpapi.models import keys as models
from httpapi.models.fields import Paged
from httpapi.operations import Answer, Operations
from httpapi.problems import Problem
from httpapi.reach import database, key_of, project_at, project_path
from httpapi.state import STATE
from store.catalog import Transaction, keys
from store.catalog.rows import Key

operations = Operations("keys")
ORDER = "keys"
SIGN_IN_PATH = "/sign-in"  # the Files page's: takes ?token=


@operations.add("GET", "/keys", access="admin", answers={200: models.KeyList})
async def list_keys(request: web.Request, query: Paged) -> models.KeyList:
    """List keys: all of them, or for an admin of one project that project's."""
    db = request.app[STATE].catalog.read
    own = key_of(request).project_id
    after = 0
    if query.cursor is not None:
        (place,) = place_of(query.cursor, ORDER, (int,))
        after = int(place or 0)
    rows = await keys.page(db, after, query.limit + 1, own)
    page = rows[: query.limit]
    return models.KeyList(
        items=[await _document(request, row) for row in page],
        next_cursor=cursor_of(ORDER, [page[-1].id]) if len(rows) > len(page) else None,
        total_count=await keys.count(db, own),
    )


@operations.add("POST", "/keys", access="admin", answers={201: models.CreatedKey})
async def create_key(request: web.Request, body: models.NewKey) -> Answer:
    """Make a key. An admin of one project makes keys for that project alone."""
    own = key_of(request).project_id
    project_id = own if body.project is None else (await project_at(request, body.project)).id

    async def work(tx: Transaction) -> tuple[Key, str]:
        return await keys.create(tx, body.name, body.access, project_id)

    key, text = await request.app[STATE].catalog.write(work)
    audit.record(request, "key created", about=f"{key.name} (...{key.hint})")
    created = models.CreatedKey(key=text, details=await _document(request, key))
    return Answer(created, 201)


@operations.add("DELETE", "/keys/{key_id}", access="admin", answers={204: None})
async def revoke_key(request: web.Request, key_id: int) -> None:
    """Revoke a key: from now on it opens nothing."""
    key = await keys.by_id(database(request), key_id)
    if key is None or not allows(key_of(request), "admin", key.project_id):
        raise Problem("not-found", f"There is no key {key_id}.")
    state = request.app[STATE]
    await state.catalog.write(lambda tx: keys.revoke(tx, key_id))
    state.auth.forget()
    audit.record(request, "key revoked", about=f"{key.name} (...{key.hint})")


@operations.add("POST", "/sign-in-links", access="read", answers={201: models.SignInLink})
async def create_sign_in_link(request: web.Request) -> Answer:
    """Make a link that signs a browser in with this key, once."""
    token = request.app[STATE].auth.new_link(key_of(request))
    path = f"{SIGN_IN_PATH}?{urlencode({'token': token})}"
    return Answer(models.SignInLink(path=path, expires_in=LINK_TTL_S), 201)


async def _document(request: web.Request, key: Key) -> models.Key:
    path = None if key.project_id is None else await project_path(database(request), key.project_id)
    return models.Key.of(key, path)
