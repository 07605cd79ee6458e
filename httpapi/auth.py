"""Who is asking: API keys as Bearer or Basic, and browsers that signed in with one: a cookie stands for it.

A key is looked up by its SHA-256; what was found is remembered for KEY_TTL_S, so a key revoked by another
process works at most that long (one revoked here, not at all). The cookie names the key and its end and
carries a MAC: no table of sessions, it survives restarts, and it dies with its key. Unsafe requests that come
with the cookie need a token that other sites cannot read (CSRF); those that come with a key do not.
"""

import base64
import hashlib
import hmac
import secrets
import time
from functools import lru_cache
from typing import Literal

from aiohttp import web

from httpapi.hosts import SAFE_METHODS
from httpapi.problems import Problem
from store.catalog import Catalog, keys
from store.catalog.rows import Key

Access = Literal["read", "write", "admin"]
RANK: dict[str, int] = {"read": 0, "write": 1, "admin": 2}

KEY_TEXT_MAX = 128  # characters; ours have 49
KEY_TTL_S = 1.0
KEYS_REMEMBERED_MAX = 4096
COOKIE = "runfs_session"
CSRF_HEADER = "X-CSRF-Token"
LINK_TTL_S = 60  # of the one-time token in the address that `runfs open` opens
LINKS_MAX = 1000
CHALLENGE = {"WWW-Authenticate": 'Bearer realm="runfs"'}


def allows(key: Key, access: str, project_id: int | None) -> bool:
    """Whether the key may do what needs `access` in that project; in all of them, when it is None."""
    return RANK[key.access] >= RANK[access] and (key.project_id is None or key.project_id == project_id)


def presented_key(authorization: str) -> str | None:
    """The key in an Authorization header, Bearer KEY or Basic api:KEY; None when it holds neither."""
    scheme, _, rest = authorization.partition(" ")
    rest = rest.strip()
    if len(rest) > 4 * KEY_TEXT_MAX:
        return None
    if scheme.lower() == "bearer":
        return rest or None
    if scheme.lower() != "basic":
        return None
    try:
        user, _, password = base64.b64decode(rest, validate=True).decode("ascii").partition(":")
    except ValueError:  # not Base64, or not ASCII
        return None
    return password if user == "api" and password else None


class Auth:
    """Keys and sign-ins of one catalog."""

    def __init__(self, catalog: Catalog, session_s: int) -> None:
        self._catalog = catalog
        self._session_s = session_s
        self._session_secret = derived(catalog.secret, "session")
        self._csrf_secret = derived(catalog.secret, "csrf")
        self._remembered: dict[bytes, tuple[Key, float]] = {}  # until when, monotonic seconds
        self._links: dict[bytes, tuple[int, float]] = {}  # SHA-256 of the token: key id, until when

    async def key_of(self, request: web.Request) -> Key | None:
        """The key that a request comes with; None without one.

        Problem when it is wrong, or its CSRF token is.
        """
        if len(request.headers.getall("Authorization", ())) > 1:
            raise Problem("malformed", "The request has several Authorization headers; it may have one.")
        authorization = request.headers.get("Authorization")
        if authorization is not None:
            text = presented_key(authorization)
            key = None if text is None else await self.by_text(text)
            if key is None:
                raise Problem("unauthenticated", "This API key is unknown or revoked.", CHALLENGE)
            return key
        cookie = request.cookies.get(COOKIE)
        if cookie is None:
            return None
        key = await self._by_cookie(cookie)
        if key is not None and request.method not in SAFE_METHODS:
            token = request.headers.get(CSRF_HEADER)
            if token is not None:
                self.check_csrf(request, token)
            elif not _is_form(request):  # a page's form has it as a field: whoever reads the form checks it
                raise Problem("forbidden", f"Changes made with a sign-in need the header {CSRF_HEADER}.")
        return key

    async def by_text(self, text: str) -> Key | None:
        """The unrevoked key with this text."""
        if len(text) > KEY_TEXT_MAX:
            return None
        digest = hashlib.sha256(text.encode("utf-8", "surrogateescape")).digest()
        now = time.monotonic()
        found = self._remembered.get(digest)
        if found is not None and found[1] > now:
            return found[0]
        key = await keys.by_text(self._catalog.direct, text)
        if key is None:
            return None
        if len(self._remembered) >= KEYS_REMEMBERED_MAX:
            self._remembered.clear()
        self._remembered[digest] = (key, now + KEY_TTL_S)
        return key

    def forget(self) -> None:
        """Look every key up again: one was revoked."""
        self._remembered.clear()

    def sign_in(self, request: web.Request, response: web.StreamResponse, key: Key) -> None:
        """Have the browser stand for `key` from now on."""
        until = int(time.time()) + self._session_s
        response.set_cookie(
            COOKIE,
            f"{key.id}.{until}.{self._session_mac(key, until)}",
            max_age=self._session_s,
            httponly=True,
            samesite="Lax",
            secure=request.secure,
        )

    def sign_out(self, response: web.StreamResponse) -> None:
        """Have the browser stand for nobody."""
        response.del_cookie(COOKIE)

    def csrf(self, request: web.Request) -> str:
        """The token that a page of ours puts into its forms and headers; "" without a sign-in."""
        cookie = request.cookies.get(COOKIE)
        return "" if cookie is None else _mac(self._csrf_secret, cookie)

    def check_csrf(self, request: web.Request, token: str) -> None:
        """Problem unless `token` is the one that this sign-in's pages carry."""
        expected = self.csrf(request)
        if not expected or not hmac.compare_digest(
            expected.encode(), token.encode("utf-8", "surrogateescape")
        ):
            raise Problem(
                "forbidden", "The CSRF token is missing or belongs to another sign-in; load the page again."
            )

    def new_link(self, key: Key) -> str:
        """A token that signs a browser in as `key`, once, within LINK_TTL_S. Kept in memory alone."""
        now = time.monotonic()
        self._links = {token: link for token, link in self._links.items() if link[1] > now}
        if len(self._links) >= LINKS_MAX:
            raise Problem("unavailable", "Too many sign-in links are open.", {"Retry-After": str(LINK_TTL_S)})
        token = secrets.token_urlsafe(24)
        self._links[hashlib.sha256(token.encode()).digest()] = (key.id, now + LINK_TTL_S)
        return token

    async def redeem(self, token: str) -> Key | None:
        """The key that a link's token stands for; the token is spent.

        None when it is unknown, spent or too old.
        """
        digest = hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()
        key_id, until = self._links.pop(digest, (0, 0.0))
        if until <= time.monotonic():
            return None
        return await self._unrevoked(key_id)

    async def _by_cookie(self, cookie: str) -> Key | None:
        parts = cookie.split(".")
        if len(cookie) > 200 or len(parts) != 3 or not (parts[0] + parts[1]).isascii():
            return None
        if not (parts[0].isdigit() and parts[1].isdigit()) or int(parts[1]) <= time.time():
            return None
        key = await self._unrevoked(int(parts[0]))
        if key is None:
            return None
        expected = self._session_mac(key, int(parts[1]))
        return (
            key
            if hmac.compare_digest(expected.encode(), parts[2].encode("utf-8", "surrogateescape"))
            else None
        )

    async def _unrevoked(self, key_id: int) -> Key | None:
        if key_id >= 1 << 63:
            return None
        key = await keys.by_id(self._catalog.direct, key_id)
        return key if key is not None and key.revoked_ns is None else None

    def _session_mac(self, key: Key, until: int) -> str:
        return _mac(self._session_secret, f"{key.id}.{until}.{key.hash.hex()}")


@lru_cache(maxsize=16)
def derived(secret: bytes, purpose: str) -> bytes:
    """A secret for one purpose, made from the catalog's: what leaks of one tells nothing of the others."""
    return hmac.digest(secret, b"runfs httpapi " + purpose.encode(), "sha256")


def _mac(secret: bytes, text: str) -> str:
    digest = hmac.digest(secret, text.encode("utf-8", "surrogateescape"), "sha256")
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _is_form(request: web.Request) -> bool:
    """Whether it is a form of a page of ours; the API takes none, whatever a request to it calls itself."""
    if request.path.startswith("/api/"):
        return False
    return request.content_type in ("application/x-www-form-urlencoded", "multipart/form-data")
