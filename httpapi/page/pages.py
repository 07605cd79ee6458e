"""Which addresses the pages have, and what the application needs for them."""

from __future__ import annotations

from aiohttp import web

from httpapi.door import ERROR_PAGE
from httpapi.page import (
    archive,
    artifacts,
    assets,
    file,
    files,
    log,
    metrics,
    projects,
    run,
    runs,
    shell,
    signin,
    sweeps,
)
from httpapi.page.kept import Kept
from httpapi.page.preview import Renderer
from httpapi.problems import Problem

PROJECT = "/projects/{entity}/{project}"
RUN = PROJECT + "/runs/{run}"
ARTIFACT = PROJECT + "/artifacts/collections/{collection}/v{number:[0-9]{1,15}}"

ROUTES = (
    ("GET", "/", projects.show),
    ("GET", "/sign-in", signin.form),
    ("POST", "/sign-in", signin.sign_in),
    ("POST", "/sign-out", signin.sign_out),
    ("GET", PROJECT + "/runs", runs.show),
    ("GET", PROJECT + "/compare", runs.compare),
    ("GET", RUN, run.overview),
    ("GET", RUN + "/metadata", run.metadata),
    ("GET", RUN + "/metrics", metrics.show),
    ("GET", RUN + "/metrics/offer", metrics.offer),
    ("GET", RUN + "/metrics/numbers", metrics.numbers),
    ("GET", RUN + "/log", log.show),
    ("GET", RUN + "/log/follow", log.follow),
    ("GET", RUN + "/log/earlier", log.earlier),
    ("GET", RUN + "/log/download", log.download),
    ("GET", RUN + "/files.zip", archive.of_folder),
    ("POST", RUN + "/files.zip", archive.of_ticked),
    ("GET", RUN + "/files", files.show),
    ("POST", RUN + "/files", files.change),
    ("GET", RUN + "/files/{path:.+}", files.show),
    ("POST", RUN + "/files/{path:.+}", files.change),
    ("GET", PROJECT + "/sweeps", sweeps.show_all),
    ("GET", PROJECT + "/sweeps/{sweep}", sweeps.show),
    ("GET", PROJECT + "/artifacts", artifacts.show_all),
    ("GET", PROJECT + "/artifacts/collections/{collection}", artifacts.show_collection),
    ("GET", ARTIFACT, artifacts.show_version),
    ("GET", ARTIFACT + "/files.zip", archive.of_folder),
    ("POST", ARTIFACT + "/files.zip", archive.of_ticked),
    ("GET", ARTIFACT + "/files", files.show),
    ("GET", ARTIFACT + "/files/{path:.+}", files.show),
    ("GET", "/preview/{file_id:[0-9]{1,18}}", file.preview),
)


def add_pages(app: web.Application) -> None:
    """Give the application the Files page: its routes, templates, error page and preview process."""
    shell.set_up(app)
    app[ERROR_PAGE] = refusal
    app[metrics.KEPT] = Kept()
    app[file.RENDERER] = Renderer()
    for method, path, view in ROUTES:
        app.router.add_route(method, path, view)
    app.router.add_get(PROJECT, to_runs)
    app.router.add_get(assets.PREFIX + "/{hash}/{name}", asset)
    app.on_cleanup.append(_close_renderer)


async def to_runs(request: web.Request) -> web.StreamResponse:
    """A project's first page is its runs."""
    raise web.HTTPSeeOther(request.rel_url.raw_path.rstrip("/") + "/runs")


async def asset(request: web.Request) -> web.StreamResponse:
    """One of the page's own files; for whoever asks, as nothing in them is secret."""
    try:
        found = assets.asset(request.match_info["name"])
    except KeyError:
        raise Problem("not-found", "There is no such file.") from None
    return web.Response(
        body=found.body,
        headers={"Content-Type": found.content_type, "Cache-Control": "public, max-age=31536000, immutable"},
    )


def refusal(request: web.Request, problem: Problem) -> web.StreamResponse:
    """A refusal as a page."""
    return shell.render(request, "error.html", [], problem.status, problem=problem)


async def _close_renderer(app: web.Application) -> None:
    await app[file.RENDERER].close()
