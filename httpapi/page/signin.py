"""Signing in with an API key or a one-time link, and out again."""

from __future__ import annotations

from aiohttp import web

from httpapi.page import shell
from httpapi.problems import Problem
from httpapi.state import STATE


async def form(request: web.Request) -> web.StreamResponse:
    """The form that asks for a key; with the `token` of a link from `runfs open`, the sign-in itself."""
    token = request.query.get("token")
    if token is None:
        return _form(request, "")
    auth = request.app[STATE].auth
    key = await auth.redeem(token)
    if key is None:
        return _form(request, "This link was used already or is too old. Run `runfs open` again.", 401)
    response = web.Response(status=303, headers={"Location": "/"})
    auth.sign_in(request, response, key)
    return response


async def sign_in(request: web.Request) -> web.StreamResponse:
    """Take a key and set the cookie."""
    if (request.content_length or 0) > shell.FORM_BYTES_MAX:
        raise Problem("too-large", "The form is too large.")
    fields = await request.post()
    auth = request.app[STATE].auth
    key = await auth.by_text(str(fields.get("key", "")).strip())
    if key is None:
        return _form(request, "This key is unknown or revoked.", 401)
    response = web.Response(status=303, headers={"Location": own_address(str(fields.get("next", "")))})
    auth.sign_in(request, response, key)
    return response


@shell.signed_in
async def sign_out(request: web.Request) -> web.StreamResponse:
    """Forget the sign-in."""
    await shell.form_of(request)
    response = web.Response(status=303, headers={"Location": "/sign-in"})
    request.app[STATE].auth.sign_out(response)
    return response


def own_address(text: str) -> str:
    """Where to go after signing in: an address of ours, or the first page for anything else."""
    ours = text.startswith("/") and not text.startswith(("//", "/\\")) and text.isprintable()
    return text if ours else "/"


def _form(request: web.Request, problem: str, status: int = 200) -> web.Response:
    goal = own_address(request.query.get("next", "/"))
    return shell.render(request, "signin.html", [], status, problem=problem, goal=goal)
