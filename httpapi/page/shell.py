"""What every page has around it: the policy, the sign-in check, links, and what its template may use."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from functools import cache
from typing import Any
from urllib.parse import quote, urlencode

import aiohttp_jinja2
import jinja2
from aiohttp import web

from httpapi.auth import allows
from httpapi.page import assets, format
from httpapi.problems import Problem
from httpapi.state import KEY, STATE

# Scripts and styles are our own files only; frames hold previews, which bring a stricter policy of their own.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self'; "
    "connect-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
THEMES = ("light", "dark")
THEME_COOKIE = "runfs_theme"
FORM_BYTES_MAX = 1 << 20

Crumb = tuple[str, str]  # what it says, where it leads
View = Callable[[web.Request], Awaitable[web.StreamResponse]]


def set_up(app: web.Application) -> None:
    """Give the application its templates."""
    app[aiohttp_jinja2.APP_KEY] = _environment()


@cache
def _environment() -> jinja2.Environment:
    """The templates, compiled once a process."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("httpapi.page"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.globals.update(
        address=address,
        asset=assets.url,
        size=format.size,
        count=format.count,
        duration=format.duration,
        age=format.age,
        moment=format.moment,
        value=format.value,
        name=format.name,
    )
    return environment


def signed_in(view: View) -> View:
    """The view, for those who have a key; whoever has none is led to sign in first."""

    async def guarded(request: web.Request) -> web.StreamResponse:
        if request.get(KEY) is None:
            if request.method != "GET" or "HX-Request" in request.headers:
                raise Problem("unauthenticated", "You have been signed out; load the page and sign in again.")
            raise web.HTTPSeeOther(f"/sign-in?{urlencode({'next': request.path_qs})}")
        return await view(request)

    return guarded


def render(
    request: web.Request, template: str, crumbs: Sequence[Crumb], status: int = 200, **values: Any
) -> web.Response:
    """A page from its template."""
    context = values | {
        "crumbs": crumbs,
        "theme": theme(request),
        "csrf": request.app[STATE].auth.csrf(request),
        "signed_in": request.get(KEY) is not None,
        "now_ns": time.time_ns(),
        "query": request.query,
        "query_string": request.query_string,
        "link": lambda **changes: link(request, **changes),
    }
    response = aiohttp_jinja2.render_template(template, request, context, status=status)
    response.headers["Content-Security-Policy"] = POLICY
    # With no-referrer browsers would send "Origin: null" with our own forms, which the door refuses.
    response.headers["Referrer-Policy"] = "same-origin"
    return response


def theme(request: web.Request) -> str:
    """The theme that was chosen: "light", "dark", or "" for the system's."""
    chosen = request.cookies.get(THEME_COOKIE, "")
    return chosen if chosen in THEMES else ""


def link(request: web.Request, **changes: object) -> str:
    """This page's address with some of its query changed; None takes a part out."""
    query = [(key, value) for key, value in request.query.items() if key not in changes]
    query += [(key, str(value)) for key, value in changes.items() if value is not None]
    return request.rel_url.raw_path + ("?" + urlencode(query) if query else "")


def address(*parts: str) -> str:
    """A path of ours from its unquoted components; one that holds slashes is taken for a path."""
    return "".join("/" + quote(part, safe="/") for part in parts)


def is_part(request: web.Request) -> bool:
    """Whether the script asks for a part of the page and not for the whole."""
    return "HX-Request" in request.headers and "HX-History-Restore-Request" not in request.headers


async def form_of(request: web.Request) -> list[tuple[str, str]]:
    """The fields of a form that was sent from a page of ours; Problem unless it carries the CSRF token."""
    if (request.content_length or 0) > FORM_BYTES_MAX:
        raise Problem("too-large", f"A form may have {FORM_BYTES_MAX} bytes.")
    if request.content_type != "application/x-www-form-urlencoded":
        raise Problem("media-type", "Send the form as application/x-www-form-urlencoded.")
    fields = [(key, str(value)) for key, value in (await request.post()).items()]
    token = next((value for key, value in fields if key == "csrf"), "")
    request.app[STATE].auth.check_csrf(request, token)
    return fields


def may_write(request: web.Request, project_id: int) -> bool:
    """Whether whoever is signed in may change things in a project."""
    return allows(request[KEY], "write", project_id)


def need_write(request: web.Request, project_id: int) -> None:
    """Problem unless whoever is signed in may change things in a project."""
    if not may_write(request, project_id):
        raise Problem("forbidden", "This sign-in may read, but not change anything here.")


def number(request: web.Request, name: str, otherwise: int, most: int, least: int = 1) -> int:
    """A number from the query, held between `least` and `most`; `otherwise` when it is none."""
    text = request.query.get(name, "")
    if not text.isascii() or not text.isdigit() or len(text) > 15:
        return otherwise
    return max(least, min(int(text), most))
